// A node loses its power for a moment, and somebody is killed meanwhile.
import { experiment, one } from "ninety";
import { recovery } from "ninety/checks/recovery";
import { nodePowerOff } from "ninety/faults/node-power-off";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 2, gpus: 1, probes: "deep", spread: "topology" });

export default experiment({
  hypothesis: "Whoever is killed, the node is on again.",
  stack: [server],
  load: predict({ to: server, rate: "20/s", connections: ["new"], timeout: "500ms" }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "20s",
  faults: [nodePowerOff({ on: one(server.nodes), for: "10s" })],
  observe: "30s",
  accepts: ["pdb-broken", "no-spare-gpu"],
  expect: [recovery({ service: "60s" })],
});
