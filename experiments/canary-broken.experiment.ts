// Must end with exit code 1: every replica is deleted at once, and the promise cannot be kept.
// If this passes, ninety itself is broken.
import { all, experiment } from "ninety";
import { recovery } from "ninety/checks/recovery";
import { podKill } from "ninety/faults/pod-kill";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 2, gpus: 1, probes: "deep" });

export default experiment({
  hypothesis: "Clients notice nothing when every replica is deleted at the same moment.",
  stack: [server],
  load: predict({ to: server, rate: "50/s", connections: ["new", "reused"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "20s",
  faults: [podKill({ on: all(server.pods), grace: "0s" })],
  observe: "60s",
  expect: [recovery({ service: "100ms" })],
  accepts: ["pdb-broken"],
});
