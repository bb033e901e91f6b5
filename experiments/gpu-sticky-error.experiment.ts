// The device is well, only the process on it is broken: starting it again in place is the cure.
import { experiment, one } from "ninety";
import { availability } from "ninety/checks/availability";
import { recovery } from "ninety/checks/recovery";
import { gpuStickyError } from "ninety/faults/gpu-sticky-error";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 3, gpus: 1, probes: "deep", spread: "topology" });

export default experiment({
  hypothesis:
    "A process that fails every call hurts clients for at most 20 s; a restart brings it back in 60 s.",
  stack: [server],
  load: predict({ to: server, rate: "50/s", connections: ["new", "reused"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "30s",
  faults: [gpuStickyError({ on: one(server.gpus), for: "60s" })],
  observe: "60s",
  expect: [
    recovery({ service: "20s", capacity: "60s" }),
    availability({ atLeast: "80%", during: "observe" }),
  ],
});
