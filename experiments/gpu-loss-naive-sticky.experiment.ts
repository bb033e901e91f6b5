// Must end with exit code 1: the probes that guides show ask for the model's status, and that stays
// good while every prediction fails. Nothing restarts, nothing moves, nobody is told.
import { experiment, one } from "ninety";
import { recovery } from "ninety/checks/recovery";
import { gpuLost } from "ninety/faults/gpu-lost";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 3, gpus: 1, probes: "naive" });

export default experiment({
  hypothesis: "Probes on the model's status notice a GPU whose every call fails, within 20 s.",
  stack: [server],
  load: predict({ to: server, rate: "50/s", connections: ["new", "reused"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "30s",
  // Held to the end: what comes back after the heal is not what is asked.
  faults: [gpuLost({ on: one(server.gpus), for: "3m", symptom: "sticky-error" })],
  observe: "10s",
  expect: [recovery({ service: "20s", capacity: "90s" })],
});
