import { experiment, one } from "ninety";
import { availability } from "ninety/checks/availability";
import { recovery } from "ninety/checks/recovery";
import { nodePowerOff } from "ninety/faults/node-power-off";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({
  replicas: 3,
  gpus: 1,
  probes: "deep",
  spread: "topology",
  tolerations: "5s",
});

export default experiment({
  hypothesis: "A lost node hurts clients for at most 30 s; its replica is back in 60 s.",
  // A kubelet renews its lease every quarter of it: the node is missed after 15 s, not after 50.
  cluster: { nodeLease: "8s", nodeGrace: "15s" },
  stack: [server],
  // Kept connections, given up soon: one that leads to the dead node costs one request each.
  load: predict({ to: server, rate: "50/s", connections: ["reused"], timeout: "500ms" }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "30s",
  faults: [nodePowerOff({ on: one(server.nodes), for: "90s" })],
  observe: "2m",
  expect: [recovery({ service: "30s", capacity: "60s" }), availability({ atLeast: "85%" })],
});
