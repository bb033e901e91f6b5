// Must end with exit code 1: calls on the device never return and no device is told to be bad. The
// process lives, its status is good, its probes are green: nothing will ever change.
import { experiment, one } from "ninety";
import { recovery } from "ninety/checks/recovery";
import { gpuHang } from "ninety/faults/gpu-hang";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 3, gpus: 1, probes: "naive" });

export default experiment({
  hypothesis: "Probes on the model's status notice a GPU that hangs within 20 s.",
  stack: [server],
  load: predict({ to: server, rate: "50/s", connections: ["new", "reused"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "30s",
  faults: [gpuHang({ on: one(server.gpus), for: "2m" })],
  observe: "10s",
  expect: [recovery({ service: "20s", capacity: "90s" })],
});
