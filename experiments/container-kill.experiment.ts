import { experiment, one } from "ninety";
import { availability } from "ninety/checks/availability";
import { recovery } from "ninety/checks/recovery";
import { containerKill } from "ninety/faults/container-kill";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 3, gpus: 1, probes: "deep", spread: "topology" });

export default experiment({
  hypothesis: "A server that is killed hurts clients for at most 10 s, and serves again in 30 s.",
  stack: [server],
  load: predict({ to: server, rate: "50/s", connections: ["new", "reused"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "30s",
  faults: [containerKill({ on: one(server.pods) })],
  observe: "90s",
  expect: [
    recovery({ service: "10s", capacity: "30s" }),
    availability({ atLeast: "90%", during: "observe" }),
  ],
});
