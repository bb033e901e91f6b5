// What is fought for is the container's own limit: the server needs a tenth of it.
import { experiment, one } from "ninety";
import { recovery } from "ninety/checks/recovery";
import { cpuStress } from "ninety/faults/cpu-stress";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 3, gpus: 1, probes: "naive", spread: "topology" });

export default experiment({
  hypothesis:
    "A server that needs a tenth of its CPU limit hurts no client while four others want all of it.",
  stack: [server],
  load: predict({ to: server, rate: "50/s", connections: ["new", "reused"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "30s",
  faults: [cpuStress({ on: one(server.pods), for: "40s", workers: 4 })],
  observe: "60s",
  expect: [recovery({ service: "5s", capacity: "5s" })],
});
