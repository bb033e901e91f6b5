// Must end with exit code 1: both replicas are on the node that dies, and nobody is left to serve.
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
  spread: "together",
  tolerations: "5s",
});

export default experiment({
  hypothesis: "Two replicas on one node survive its loss: clients are hurt for at most 20 s.",
  cluster: { nodeLease: "8s", nodeGrace: "15s" },
  stack: [server],
  load: predict({ to: server, rate: "50/s", connections: ["reused"], timeout: "500ms" }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "30s",
  faults: [nodePowerOff({ on: one(server.nodes), for: "90s" })],
  observe: "2m",
  expect: [recovery({ service: "20s", capacity: "60s" }), availability({ atLeast: "80%" })],
  accepts: ["pdb-broken"],
});
