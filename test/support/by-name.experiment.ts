// Clients that know a Service by its name only; of use to the tests of DNS.
import { experiment, one } from "ninety";
import { recovery } from "ninety/checks/recovery";
import { podKill } from "ninety/faults/pod-kill";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 2, probes: "deep", spread: "topology" });

export default experiment({
  hypothesis: "Clients that ask DNS for each connection are hurt for at most 10 s.",
  cluster: { gpusPerNode: 0 },
  stack: [server],
  load: predict({ to: server, rate: "20/s", connections: ["new", "reused"], by: "name" }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  warmup: "5s",
  steady: "20s",
  faults: [podKill({ on: one(server.pods), grace: "0s" })],
  observe: "60s",
  expect: [recovery({ service: "10s", capacity: "30s" })],
});
