// Must end with exit code 1: a throttled GPU gives right answers, so probes on the model's status
// do not mind, and its share of the clients waits for as long as it is slow.
import { exactly, experiment } from "ninety";
import { recovery } from "ninety/checks/recovery";
import { gpuSlow } from "ninety/faults/gpu-slow";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 3, gpus: 1, probes: "naive", spread: "topology" });

export default experiment({
  hypothesis: "Two GPUs of three that take thirty times as long hurt clients for at most 20 s.",
  stack: [server],
  load: predict({ to: server, rate: "7/s", connections: ["new"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "30s",
  faults: [gpuSlow({ on: exactly(2, server.gpus), for: "45s", factor: 30 })],
  observe: "45s",
  accepts: ["pdb-broken"],
  expect: [recovery({ service: "20s", capacity: "90s" })],
});
