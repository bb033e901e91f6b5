import {
  farWorld,
  linkTarget,
  netNode,
  netTarget as target,
  netWorld,
} from "../../support/net-world.ts";
import type { FaultCase } from "../../../src/testing/fault-contract.ts";

const SILENT = { tookMs: [null] };

export const cases: readonly FaultCase[] = [
  {
    about: "probes left alone",
    options: {},
    target,
    before: netWorld("answers", {}),
    during: [netWorld("is silent, and Ready", SILENT)],
    after: [
      netWorld("answers again", {}),
      netWorld("is gone", { pod: "gone" }),
      netWorld("its name is another's", { pod: "another" }),
      netWorld("was ended by hand, and its kernel refuses", { refuses: true }),
    ],
    otherwise: [
      netWorld("hangs, and its probes fail", { ...SILENT, ready: false }),
      netWorld("was started again", { ...SILENT, restarts: 1 }),
      netWorld("crashed", { ...SILENT, running: false }),
      netWorld("refuses", { refuses: true }),
      netWorld("is ended", { ...SILENT, going: true }),
      netWorld("is gone", { ...SILENT, pod: "gone" }),
    ],
  },
  {
    about: "probes too",
    options: { affectsProbes: true, direction: "both", port: 8_501 },
    target,
    before: netWorld("answers", {}),
    during: [
      netWorld("is silent, not Ready", { ...SILENT, ready: false }),
      netWorld("is silent, started again", { ...SILENT, ready: false, restarts: 1 }),
    ],
    after: [netWorld("answers again", { restarts: 1 })],
    otherwise: [netWorld("crashed", { ...SILENT, running: false })],
  },
  {
    about: "on a link",
    options: {},
    target: linkTarget,
    before: farWorld("answers", {}),
    during: [farWorld("is silent, and not beside it", SILENT)],
    after: [farWorld("answers again", {}), farWorld("is gone", { pod: "gone" })],
    otherwise: [
      farWorld("is silent from everywhere", { ...SILENT, others: [null] }),
      farWorld("is silent from one end only", { ...SILENT, second: [3] }),
      farWorld("was started again", { ...SILENT, restarts: 1 }),
    ],
  },
  {
    about: "on a node",
    options: {},
    target: netNode,
    before: farWorld("answers", {}),
    during: [farWorld("is silent, and Ready", SILENT)],
    after: [farWorld("answers again", {}), farWorld("its pod is gone", { pod: "gone" })],
    otherwise: [
      farWorld("hangs, and its probes fail", { ...SILENT, ready: false }),
      farWorld("its pod is another", { ...SILENT, pod: "another" }),
    ],
  },
];
