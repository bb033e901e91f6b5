// Must end with exit code 1: a probe that knows the right answer takes a server out of rotation
// that gives wrong ones, but clients who keep their connection stay with it and believe it.
import { experiment, one } from "ninety";
import { availability } from "ninety/checks/availability";
import { recovery } from "ninety/checks/recovery";
import { gpuWrongAnswers } from "ninety/faults/gpu-wrong-answers";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 3, gpus: 1, probes: "deep", spread: "topology" });

export default experiment({
  hypothesis:
    "A readiness probe that checks values keeps a GPU's wrong numbers from clients within 20 s.",
  stack: [server],
  load: predict({ to: server, rate: "50/s", connections: ["new", "reused"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "30s",
  faults: [gpuWrongAnswers({ on: one(server.gpus), for: "30s" })],
  observe: "60s",
  expect: [
    recovery({ service: "20s", capacity: "60s" }),
    availability({ atLeast: "80%", during: "observe" }),
  ],
});
