import type { FaultCase } from "../../../src/testing/fault-contract.ts";
import { nodeTarget as target, nodeWorld as world, PODS } from "../../support/node-world.ts";

const dark = { kubelet: "silent", pods: "silent" } as const;

export const cases: readonly FaultCase[] = [
  {
    about: "a node with pods",
    options: {},
    target,
    before: world("all is well", {}),
    during: [
      // The one that refused before may be listed or not: it is no witness.
      world("silent, and nobody has told yet", { ...dark, listed: PODS.slice(1, 3) }),
      world("silent, and told to be", { ...dark, ready: "Unknown", listed: PODS.slice(1, 3) }),
      world("out of reach", {
        kubelet: "unreachable",
        pods: "unreachable",
        listed: PODS.slice(1, 3),
      }),
      world("silent for so long that its pods are given up", {
        ...dark,
        ready: "Unknown",
        listed: [],
      }),
    ],
    after: [
      world("back after a fresh boot", { bootId: "b-2" }),
      world("back, its pods not yet", { bootId: "b-2", pods: "silent" }),
    ],
    otherwise: [
      world("its kubelet is starting again", { kubelet: "refuses" }),
      world("its kubelet hangs", { kubelet: "silent" }),
      world("its kubelet has hung for a minute", { kubelet: "silent", ready: "Unknown" }),
      world("its kubelet refuses while its pods are busy", { kubelet: "refuses", pods: "silent" }),
      world("its pods are silent", { pods: "silent" }),
      world("its pods are gone and its kubelet hangs", { kubelet: "silent", listed: [] }),
      world("no sign but a condition", { ready: "Unknown" }),
    ],
    unhealed: [
      world("back without a boot: its cable was out", {}),
      world("back, and its status is still that of before", { pods: "silent" }),
      world("booted, and its kubelet not there yet", { bootId: "b-2", kubelet: "refuses" }),
      world("booted, and not Ready", { bootId: "b-2", ready: "False" }),
      world("its boot id is not told", { bootId: "" }),
    ],
  },
  {
    about: "a node without a pod to ask",
    options: {},
    target,
    before: world("all is well", { listed: [] }),
    during: [world("silent until the cluster tells", { ...dark, ready: "Unknown", listed: [] })],
    after: [world("back after a fresh boot", { bootId: "b-2", listed: [] })],
    otherwise: [world("silent, and no other sign", { ...dark, listed: [] })],
  },
];
