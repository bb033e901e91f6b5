// A leak takes all of a server's memory limit: the kernel kills, and the kubelet starts it again.
import { experiment, one } from "ninety";
import { recovery } from "ninety/checks/recovery";
import { memoryStress } from "ninety/faults/memory-stress";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 3, gpus: 1, probes: "deep", spread: "topology" });

export default experiment({
  hypothesis: "A server whose memory runs out hurts clients for at most 10 s; it is back in 60 s.",
  stack: [server],
  load: predict({ to: server, rate: "50/s", connections: ["new", "reused"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "30s",
  faults: [memoryStress({ on: one(server.pods), for: "15s", limit: "100%" })],
  observe: "90s",
  expect: [recovery({ service: "10s", capacity: "60s" })],
});
