// Most of what a crash loop costs comes after its cause is gone: the kubelet's back-off.
import { experiment, one } from "ninety";
import { availability } from "ninety/checks/availability";
import { recovery } from "ninety/checks/recovery";
import { crashLoop } from "ninety/faults/crash-loop";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 3, gpus: 1, probes: "deep", spread: "topology" });

export default experiment({
  hypothesis: "A server that crashes for 20 s hurts clients for at most 10 s; it is back in 60 s.",
  stack: [server],
  load: predict({ to: server, rate: "50/s", connections: ["new", "reused"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "30s",
  faults: [crashLoop({ on: one(server.pods), for: "20s" })],
  observe: "90s",
  expect: [
    recovery({ service: "10s", capacity: "60s" }),
    availability({ atLeast: "90%", during: "observe" }),
  ],
});
