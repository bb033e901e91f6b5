import { experiment, one } from "ninety";
import { availability } from "ninety/checks/availability";
import { recovery } from "ninety/checks/recovery";
import { gpuLost } from "ninety/faults/gpu-lost";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";
import { mover } from "ninety/parts/mover";

const server = modelServer({ replicas: 3, gpus: 1, probes: "deep", spread: "topology" });

export default experiment({
  hypothesis:
    "A replica that loses its GPU hurts clients for at most 20 s; its capacity is back in 90 s.",
  stack: [server, mover({ watches: server, atMost: 1 })],
  load: predict({ to: server, rate: "50/s", connections: ["new", "reused"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  faults: [gpuLost({ on: one(server.gpus), for: "60s", symptom: "crash" })],
  observe: "2m",
  expect: [recovery({ service: "20s", capacity: "90s" }), availability({ atLeast: "90%" })],
});
