// A slow path to one of three servers: what waits for it is late, and no probe tells.
import { experiment, one } from "ninety";
import { availability } from "ninety/checks/availability";
import { netDelay } from "ninety/faults/net-delay";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 3, gpus: 1, probes: "deep", spread: "topology" });

export default experiment({
  hypothesis: "A path that is slow by 100 ms to one server costs time, but no answer.",
  stack: [server],
  load: predict({ to: server, rate: "50/s", connections: ["new", "reused"] }),
  slo: { within: "500ms", good: "99%", breach: "95%" },
  steady: "30s",
  faults: [netDelay({ on: one(server.pods), for: "20s", delay: "100ms", jitter: "20ms" })],
  observe: "40s",
  expect: [availability({ atLeast: "95%", during: "observe" })],
});
