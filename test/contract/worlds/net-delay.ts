import {
  farWorld,
  linkTarget,
  netNode,
  netTarget as target,
  netWorld,
} from "../../support/net-world.ts";
import type { FaultCase } from "../../../src/testing/fault-contract.ts";

const WELL = { tookMs: [3, 4, 3, 5, 30, 4, 3] };

export const cases: readonly FaultCase[] = [
  {
    about: "a steady delay",
    options: { delay: "100ms" },
    target,
    before: netWorld("is quick, but for one", WELL),
    during: [
      netWorld("kept connections", { tookMs: [104, 105, 103] }),
      netWorld("new connections", { tookMs: [204, 205, 203, 104, 204] }),
    ],
    after: [netWorld("is quick", WELL), netWorld("is gone", { pod: "gone" })],
    otherwise: [
      netWorld("later by too little", { tookMs: [60, 61, 62] }),
      netWorld("is overloaded", { tookMs: [900, 1_500, 700] }),
      netWorld("is slow now and then", { tookMs: [4, 4, 160, 170, 180, 190, 150] }),
      netWorld("is silent", { tookMs: [null] }),
    ],
  },
  {
    about: "a delay that wanders down to nothing, both ways",
    options: { delay: "50ms", jitter: "50ms", direction: "both" },
    target,
    before: netWorld("is quick, but for one", WELL),
    during: [netWorld("wanders", { tookMs: [4, 120, 60, 90, 30, 200, 150] })],
    after: [netWorld("is quick", WELL)],
    otherwise: [],
  },
  {
    about: "a delay less than the noise",
    options: { delay: "5ms" },
    target,
    before: netWorld("is quick", { tookMs: [3, 4] }),
    during: [netWorld("a little later", { tookMs: [9] })],
    after: [netWorld("is quick", { tookMs: [4] })],
    otherwise: [netWorld("is silent", { tookMs: [null] })],
  },
  {
    about: "on a node",
    options: { delay: "100ms" },
    target: netNode,
    before: farWorld("is quick", {}),
    during: [farWorld("is late", { tookMs: [204, 205, 203] })],
    after: [farWorld("is quick", {}), farWorld("its pod is gone", { pod: "gone" })],
    otherwise: [
      farWorld("is silent", { tookMs: [null] }),
      farWorld("its pod is another", { pod: "another", tookMs: [204] }),
    ],
  },
  {
    about: "on a link",
    options: { delay: "100ms" },
    target: linkTarget,
    before: farWorld("is quick", {}),
    during: [farWorld("is late, and not beside it", { tookMs: [204, 205, 203] })],
    after: [farWorld("is quick", {})],
    otherwise: [
      farWorld("is late from everywhere", { tookMs: [204], others: [204] }),
      farWorld("is silent beside it", { tookMs: [204], others: [null] }),
      farWorld("is late from one end only", { tookMs: [204], second: [3] }),
    ],
  },
];
