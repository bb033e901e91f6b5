// What the cluster gives up may serve on: its pods are asked until their endpoints are gone, and
// answer what they were asked.
import { experiment, one } from "ninety";
import { availability } from "ninety/checks/availability";
import { recovery } from "ninety/checks/recovery";
import { kubeletStop } from "ninety/faults/kubelet-stop";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 3, gpus: 1, probes: "deep", spread: "topology" });

export default experiment({
  hypothesis: "A node that is given up because its kubelet hangs for 60 s hurts no client.",
  // A kubelet renews its lease every quarter of it: the node is missed after 15 s, not after 50.
  cluster: { nodeLease: "8s", nodeGrace: "15s" },
  stack: [server],
  load: predict({ to: server, rate: "50/s", connections: ["new", "reused"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "30s",
  faults: [kubeletStop({ on: one(server.nodes), for: "60s" })],
  observe: "60s",
  expect: [recovery({ service: "5s" }), availability({ atLeast: "99%" })],
});
