// The replica moves once, off the device; left in place it would be restarted at each bad time and
// wait longer each time. Whoever moved it back while the device is well would move it again.
import { experiment, one } from "ninety";
import { availability } from "ninety/checks/availability";
import { recovery } from "ninety/checks/recovery";
import { gpuFlapping } from "ninety/faults/gpu-flapping";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";
import { mover } from "ninety/parts/mover";

const server = modelServer({ replicas: 3, gpus: 1, probes: "deep", spread: "topology" });

export default experiment({
  hypothesis:
    "A GPU that is bad for 5 s of every 20 s hurts clients for at most 20 s, by its first bad time alone.",
  stack: [server, mover({ watches: server, atMost: 1 })],
  load: predict({ to: server, rate: "50/s", connections: ["new", "reused"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "30s",
  faults: [
    gpuFlapping({ on: one(server.gpus), for: "45s", bad: "5s", well: "15s", symptom: "crash" }),
  ],
  observe: "60s",
  expect: [recovery({ service: "20s", capacity: "90s" }), availability({ atLeast: "90%" })],
});
