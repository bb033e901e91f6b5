// Must end with exit code 1: the same questions, asked more often, give the same wrong answers.
import { experiment, one } from "ninety";
import { recovery } from "ninety/checks/recovery";
import { gpuLost } from "ninety/faults/gpu-lost";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 3, gpus: 1, probes: "shallow-fast", spread: "topology" });

export default experiment({
  hypothesis: "Probes on the model's status, asked every 5 s, notice a lost GPU within 20 s.",
  stack: [server],
  load: predict({ to: server, rate: "50/s", connections: ["new", "reused"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "30s",
  faults: [gpuLost({ on: one(server.gpus), for: "2m", symptom: "sticky-error" })],
  observe: "10s",
  expect: [recovery({ service: "20s", capacity: "90s" })],
});
