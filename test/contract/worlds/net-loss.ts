import { netTarget as target, netWorld } from "../../support/net-world.ts";
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
];
