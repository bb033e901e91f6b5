// Must end with exit code 1, after about 18 minutes. The process dies on the device's error and is
// started again in place, on the same dead device: at once, then after back-offs of 10, 20, 40, 80,
// 160 and 300 s, each a few seconds longer because the kubelet looks only so often. The device is
// well again a minute after the last of these has failed, at about 11 minutes; the back-off goes on
// for another 300 s, and only then the replica is back.
import { experiment, one } from "ninety";
import { recovery } from "ninety/checks/recovery";
import { gpuLost } from "ninety/faults/gpu-lost";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 3, gpus: 1, probes: "naive" });

export default experiment({
  hypothesis: "A replica whose process dies with its GPU is back 90 s after the fault.",
  stack: [server],
  load: predict({ to: server, rate: "50/s", connections: ["new", "reused"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "30s",
  faults: [gpuLost({ on: one(server.gpus), for: "12m", symptom: "crash" })],
  observe: "7m",
  expect: [recovery({ service: "20s", capacity: "90s" })],
});
