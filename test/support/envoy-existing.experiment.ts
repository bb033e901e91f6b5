// The same service where it is already: nothing of it is deployed, relabelled or removed.
import { experiment, one } from "ninety";
import { recovery } from "ninety/checks/recovery";
import { podKill } from "ninety/faults/pod-kill";
import { requests } from "ninety/load/requests";
import { existing } from "ninety/parts/existing";

const envoy = existing({
  namespace: "shop",
  selector: "app=envoy",
  service: "envoy",
  port: 80,
  request: { path: "/anything", expect: { status: 200, contains: "envoy serves" } },
});

export default experiment({
  hypothesis:
    "Clients of Envoys that were there before are hurt for at most 10 s when one of them is killed.",
  cluster: { gpusPerNode: 0 },
  stack: [envoy],
  load: requests({ to: envoy, rate: "20/s", connections: ["new", "reused"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  warmup: "5s",
  steady: "20s",
  faults: [podKill({ on: one(envoy.pods), grace: "0s" })],
  observe: "40s",
  expect: [recovery({ service: "10s", capacity: "30s" })],
});
