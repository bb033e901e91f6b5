// Faults that are changes of API objects, one after the other.
import { experiment, inTurn, one } from "ninety";
import { availability } from "ninety/checks/availability";
import { corednsDown } from "ninety/faults/coredns-down";
import { imageUnavailable } from "ninety/faults/image-unavailable";
import { nodeDrain } from "ninety/faults/node-drain";
import { nodeTaint } from "ninety/faults/node-taint";
import { podEvict } from "ninety/faults/pod-evict";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 3, probes: "deep", spread: "topology" });
const met = modelServer({ name: "met", replicas: 1, probes: "naive", cpu: "100m" });

export default experiment({
  hypothesis: "Five changes of API objects are each proved, and each proved gone.",
  // On a cluster of a kubeconfig, which has no virtual ones yet, the same.
  cluster: { gpusPerNode: 0 },
  stack: [server, met],
  load: predict({ to: server, rate: "20/s", connections: ["new"] }),
  slo: { within: "250ms", good: "99%", breach: "90%" },
  warmup: "5s",
  steady: "20s",
  faults: inTurn(
    [
      imageUnavailable({ on: one(met.pods), for: "15s" }),
      podEvict({ on: one(server.pods) }),
      nodeDrain({ on: one(server.nodes), at: "10s", for: "25s" }),
      nodeTaint({ on: one(server.nodes), for: "20s" }),
      corednsDown({ for: "20s" }),
    ],
    { gap: "10s" },
  ),
  observe: "60s",
  // A node may have two of the replicas; the drain itself asks the budget, the taint does not.
  accepts: ["pdb-broken"],
  expect: [availability({ atLeast: "80%" })],
});
