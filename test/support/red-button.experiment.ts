// A fault that is held for long enough to be ended by somebody else.
import { experiment, one } from "ninety";
import { recovery } from "ninety/checks/recovery";
import { gpuLost } from "ninety/faults/gpu-lost";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 2, gpus: 1, probes: "deep", spread: "topology" });

export default experiment({
  hypothesis: "Whoever presses the button, the device is there again.",
  stack: [server],
  load: predict({ to: server, rate: "20/s", connections: ["new"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  warmup: "5s",
  steady: "20s",
  faults: [gpuLost({ on: one(server.gpus), for: "90s", symptom: "crash" })],
  observe: "30s",
  expect: [recovery({ service: "60s" })],
});
