import type { FaultCase } from "../../../src/testing/fault-contract.ts";
import { nodeTarget as target, nodeWorld as world } from "../../support/node-world.ts";

const toldAt = "2026-01-01T00:01:00Z";

export const cases: readonly FaultCase[] = [
  {
    about: "a node",
    options: {},
    target,
    before: world("all is well", {}),
    during: [
      world("back after a fresh boot", { bootId: "b-2", toldAt }),
      world("back, its pods not yet", { bootId: "b-2", toldAt, pods: "silent" }),
    ],
    after: [],
    otherwise: [
      world("off, and nobody has told yet", { kubelet: "silent", pods: "silent" }),
      world("off, and told to be", { kubelet: "silent", pods: "silent", ready: "Unknown" }),
      world("booted, and Ready is still that of before", { bootId: "b-2" }),
      world("booted, and not Ready", { bootId: "b-2", toldAt, ready: "False" }),
      world("Ready was told anew, without a boot", { toldAt }),
      world("its kubelet started again, without a boot", { kubelet: "refuses" }),
      world("its boot id is not told", { bootId: "" }),
    ],
  },
];
