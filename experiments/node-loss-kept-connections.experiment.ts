// Must pass. node-loss-new-connections with the change that its report advises: the same node, rate
// and time-out, and clients that keep their connections.
import { experiment, one } from "ninety";
import { recovery } from "ninety/checks/recovery";
import { nodePowerOff } from "ninety/faults/node-power-off";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 3, gpus: 1, probes: "deep", spread: "topology" });

export default experiment({
  hypothesis: "Clients that keep connections are well 60 s after a node died, whatever else is.",
  stack: [server],
  load: predict({ to: server, rate: "150/s", connections: ["reused"], timeout: "1s" }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "30s",
  faults: [nodePowerOff({ on: one(server.nodes), for: "2m" })],
  observe: "10s",
  expect: [recovery({ service: "60s" })],
});
