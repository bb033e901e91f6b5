// A server that has to share its CPU limit answers late, and no probe on the model's status minds.
import { experiment, one } from "ninety";
import { recovery } from "ninety/checks/recovery";
import { cpuStress } from "ninety/faults/cpu-stress";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 3, gpus: 1, probes: "naive", spread: "topology" });

export default experiment({
  hypothesis:
    "A server that fights for its own CPU limit is well again 20 s after the fight began.",
  stack: [server],
  load: predict({ to: server, rate: "50/s", connections: ["new", "reused"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "30s",
  faults: [cpuStress({ on: one(server.pods), for: "40s", workers: 4 })],
  observe: "60s",
  expect: [recovery({ service: "20s", capacity: "90s" })],
});
