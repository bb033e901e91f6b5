import type { FaultCase } from "../../../src/testing/fault-contract.ts";
import { nodeTarget as target, nodeWorld as world, PODS } from "../../support/node-world.ts";

const silent = { kubelet: "silent" } as const;
const ANSWERING = PODS.slice(1, 2);

export const cases: readonly FaultCase[] = [
  {
    about: "a node with pods",
    options: {},
    target,
    before: world("all is well", {}),
    during: [
      world("silent, and nobody has told yet", silent),
      world("silent for so long that the node is given up", { ...silent, ready: "Unknown" }),
      world("silent, and one pod of its is left", { ...silent, listed: ANSWERING }),
    ],
    after: [world("it speaks again", {}), world("one pod is gone", { listed: ANSWERING })],
    otherwise: [
      world("it is starting again", { kubelet: "refuses" }),
      world("the machine is off", { ...silent, pods: "silent" }),
      world("the machine is off, and told to be", { ...silent, pods: "silent", ready: "Unknown" }),
      world("its pods are given up too", { ...silent, listed: [] }),
      world("only the pods that never answered are left", { ...silent, listed: PODS.slice(3, 4) }),
      world("its runtime is silent", { runtime: "silent" }),
      world("no sign but a condition", { ready: "Unknown" }),
    ],
    unhealed: [
      world("it speaks, and its node is not Ready yet", { ready: "Unknown" }),
      world("its node tells that it is not Ready", { ready: "False" }),
    ],
  },
];
