import { experiment, one } from "ninety";
import { availability } from "ninety/checks/availability";
import { recovery } from "ninety/checks/recovery";
import { scaled } from "ninety/checks/scaled";
import { podKill } from "ninety/faults/pod-kill";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

// A pod asks for little CPU, so that a rate which two cores can offer is load for several pods.
const server = modelServer({
  scale: { min: 1, max: 4, cpu: "60%" },
  cpu: "50m",
  probes: "deep",
  spread: "topology",
});

export default experiment({
  hypothesis:
    "Under load for several pods the service has three within 75 s, and the loss of one hurts clients for at most 10 s.",
  cluster: { gpusPerNode: 0 },
  stack: [server],
  load: predict({ to: server, rate: "60/s", connections: ["new", "reused"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  warmup: "80s",
  steady: "30s",
  faults: [podKill({ on: one(server.pods), grace: "0s" })],
  observe: "60s",
  expect: [
    scaled({ atLeast: 3, by: "steady", within: "75s" }),
    recovery({ service: "10s", capacity: "30s" }),
    availability({ atLeast: "90%", during: "observe" }),
  ],
});
