import {
  farWorld,
  linkTarget,
  netNode,
  netTarget as target,
  netWorld,
} from "../../support/net-world.ts";
import type { FaultCase } from "../../../src/testing/fault-contract.ts";

/** So many of ten are late. */
const late = (count: number): { readonly tookMs: readonly number[] } => ({
  tookMs: Array.from({ length: 10 }, (_, nth) => (nth < count ? 205 : 3)),
});

export const cases: readonly FaultCase[] = [
  {
    about: "a fifth",
    options: { loss: "20%" },
    target,
    before: netWorld("none is late", {}),
    during: [
      netWorld("a fifth is late", late(2)),
      netWorld("more are, with new connections", late(5)),
      netWorld("some are silent", { tookMs: [null, 3, 3, 3] }),
    ],
    after: [netWorld("none is late", {}), netWorld("is gone", { pod: "gone" })],
    otherwise: [
      netWorld("fewer are late", { tookMs: [...late(1).tookMs, ...late(0).tookMs] }),
      netWorld("all are silent", { tookMs: [null] }),
      netWorld("refuses", { refuses: true }),
    ],
  },
  {
    about: "a fifth, on a node",
    options: { loss: "20%" },
    target: netNode,
    before: farWorld("none is late", {}),
    during: [farWorld("a fifth is late", late(2))],
    after: [farWorld("none is late", {})],
    otherwise: [farWorld("all are silent", { tookMs: [null] })],
  },
  {
    about: "a fifth, on a link",
    options: { loss: "20%" },
    target: linkTarget,
    before: farWorld("none is late", {}),
    during: [farWorld("a fifth is late", late(2))],
    after: [farWorld("none is late", {})],
    otherwise: [
      farWorld("a fifth is late beside it too", { ...late(2), others: late(2).tookMs }),
      farWorld("a fifth is late from one end only", { ...late(2), second: [3] }),
    ],
  },
];
