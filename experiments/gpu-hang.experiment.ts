import { experiment, one } from "ninety";
import { availability } from "ninety/checks/availability";
import { recovery } from "ninety/checks/recovery";
import { gpuHang } from "ninety/faults/gpu-hang";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 3, gpus: 1, probes: "deep", spread: "topology" });

export default experiment({
  hypothesis:
    "A GPU that hangs without a word is seen by a probe that infers: clients are well in 20 s.",
  stack: [server],
  load: predict({ to: server, rate: "50/s", connections: ["new", "reused"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "30s",
  faults: [gpuHang({ on: one(server.gpus), for: "45s" })],
  observe: "4m",
  expect: [recovery({ service: "20s", capacity: "4m" }), availability({ atLeast: "85%" })],
});
