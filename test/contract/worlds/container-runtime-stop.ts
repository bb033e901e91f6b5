import type { FaultCase } from "../../../src/testing/fault-contract.ts";
import { nodeTarget as target, nodeWorld as world, PODS } from "../../support/node-world.ts";

const silent = { runtime: "silent" } as const;

export const cases: readonly FaultCase[] = [
  {
    about: "a node with pods",
    options: {},
    target,
    before: world("all is well", {}),
    during: [
      world("silent, and nobody has told yet", silent),
      world("silent, and the kubelet tells", { ...silent, ready: "False" }),
      world("silent, and one pod is left", { ...silent, listed: PODS.slice(1, 2) }),
    ],
    after: [world("it speaks again", {}), world("its pods are busy", { pods: "silent" })],
    otherwise: [
      world("its kubelet is stopped", { kubelet: "silent" }),
      world("its kubelet is starting again", { kubelet: "refuses" }),
      world("the runtime has ended", { runtime: "refuses" }),
      world("all of the node is silent", { ...silent, pods: "silent" }),
      world("the machine is off", { kubelet: "silent", pods: "silent", ready: "Unknown" }),
      world("no sign but a condition", { ready: "False" }),
    ],
    unhealed: [
      world("it speaks, and the node is not Ready yet", { ready: "False" }),
      world("it has ended", { runtime: "refuses" }),
    ],
  },
  {
    about: "a node without a pod to ask",
    options: {},
    target,
    before: world("all is well", { listed: [] }),
    during: [world("silent", { ...silent, listed: [] })],
    after: [world("it speaks again", { listed: [] })],
    otherwise: [world("its kubelet is stopped", { kubelet: "silent", listed: [] })],
  },
];
