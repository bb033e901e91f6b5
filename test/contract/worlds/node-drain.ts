import type { FaultCase } from "../../../src/testing/fault-contract.ts";
import { node, nodeWorld, podOf } from "../../support/node-objects-world.ts";

const server = podOf("server-1");
const going = podOf("server-1", { metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } });
const spared = [
  podOf("agent", { kind: "DaemonSet" }),
  podOf("bare", { kind: "" }),
  podOf("etcd", {
    kind: "Node",
    metadata: { annotations: { "kubernetes.io/config.mirror": "x" } },
  }),
  podOf("guard", { metadata: { namespace: "ninety-system" } }),
];
const open = {};
const closed = { unschedulable: true };

export const cases: readonly FaultCase[] = [
  {
    about: "a node with a replica",
    options: {},
    target: node,
    before: nodeWorld("open, with its pods", { spec: open, pods: [server, ...spared] }),
    during: [
      nodeWorld("closed, and all that goes is gone", { spec: closed, pods: spared }),
      nodeWorld("closed and empty", { spec: closed, pods: [] }),
    ],
    after: [
      nodeWorld("open again and empty", { spec: open, pods: spared }),
      nodeWorld("open again, with a new pod", { spec: open, pods: [podOf("server-2"), ...spared] }),
    ],
    otherwise: [
      nodeWorld("only closed", { spec: closed, pods: [server, ...spared] }),
      nodeWorld("closed, and the pod still ends", { spec: closed, pods: [going, ...spared] }),
      nodeWorld("open, and its pod has moved", { spec: open, pods: spared }),
      nodeWorld("the node is gone", { spec: open, pods: [], gone: true }),
    ],
    unhealed: [
      nodeWorld("closed, and a pod is back", { spec: closed, pods: [server] }),
      nodeWorld("the node is gone", { spec: open, pods: [], gone: true }),
    ],
  },
];
