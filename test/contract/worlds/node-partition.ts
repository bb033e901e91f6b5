import type { FaultCase } from "../../../src/testing/fault-contract.ts";
import { nodeTarget as target, nodeWorld as world, PODS } from "../../support/node-world.ts";

const dark = { kubelet: "silent", pods: "silent" } as const;
/** Without the one that never answered. */
const listed = PODS.slice(1, 3);

export const cases: readonly FaultCase[] = (["both", "in", "out"] as const).map((direction) => ({
  about: `${direction} cut`,
  options: { direction },
  target,
  before: world("all is well", {}),
  during: [
    world("silent, and nobody has told yet", { ...dark, listed }),
    world("silent, and told to be", { ...dark, ready: "Unknown", listed }),
    world("silent for so long that its pods are given up", {
      ...dark,
      ready: "Unknown",
      listed: [],
    }),
  ],
  after: [world("back", {}), world("back, its pods not yet", { pods: "silent" })],
  otherwise: [
    world("its kubelet is starting again", { kubelet: "refuses" }),
    world("its kubelet hangs", { kubelet: "silent" }),
    world("its pods are silent", { pods: "silent" }),
    world("no sign but a condition", { ready: "Unknown" }),
  ],
  unhealed: [
    world("back after a fresh boot: it was without power", { bootId: "b-2" }),
    world("back, and not Ready yet", { ready: "Unknown" }),
    world("its boot id is not told", { bootId: "" }),
  ],
}));
