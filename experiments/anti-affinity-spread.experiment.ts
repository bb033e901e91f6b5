import { experiment, one } from "ninety";
import { availability } from "ninety/checks/availability";
import { recovery } from "ninety/checks/recovery";
import { nodePowerOff } from "ninety/faults/node-power-off";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({
  replicas: 2,
  gpus: 1,
  probes: "deep",
  spread: "topology",
  tolerations: "5s",
});

export default experiment({
  hypothesis:
    "Two replicas on two nodes survive the loss of one: clients are hurt for at most 20 s.",
  cluster: { nodeLease: "8s", nodeGrace: "15s" },
  stack: [server],
  load: predict({ to: server, rate: "50/s", connections: ["reused"], timeout: "500ms" }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "30s",
  faults: [nodePowerOff({ on: one(server.nodes), for: "90s" })],
  observe: "2m",
  expect: [recovery({ service: "20s", capacity: "60s" }), availability({ atLeast: "80%" })],
});
