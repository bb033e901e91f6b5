// The device is well, only the process on it is broken: starting it again in place is the cure.
// Until then clients who keep their connection stay with it, although it is out of rotation.
import { experiment, one } from "ninety";
import { availability } from "ninety/checks/availability";
import { recovery } from "ninety/checks/recovery";
import { gpuStickyError } from "ninety/faults/gpu-sticky-error";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 3, gpus: 1, probes: "deep", spread: "topology" });

export default experiment({
  hypothesis:
    "A process that fails every call hurts clients for at most 40 s, until a restart brings it back.",
  stack: [server],
  load: predict({ to: server, rate: "50/s", connections: ["new", "reused"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "30s",
  faults: [gpuStickyError({ on: one(server.gpus), for: "60s" })],
  observe: "60s",
  expect: [
    recovery({ service: "40s", capacity: "60s" }),
    availability({ atLeast: "80%", during: "observe" }),
  ],
});
