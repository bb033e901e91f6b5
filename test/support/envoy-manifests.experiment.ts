// A service of somebody else that the run deploys from its own YAML files.
import { experiment, one } from "ninety";
import { recovery } from "ninety/checks/recovery";
import { podKill } from "ninety/faults/pod-kill";
import { requests } from "ninety/load/requests";
import { manifests } from "ninety/parts/manifests";
import { envoyImage } from "./envoy-image.ts";

const envoy = manifests(new URL("../fixtures/envoy/", import.meta.url), {
  request: { path: "/anything", expect: { status: 200, contains: "envoy serves" } },
});

export default experiment({
  hypothesis: "Clients of three Envoys are hurt for at most 10 s when one of them is killed.",
  cluster: { gpusPerNode: 0, images: [await envoyImage()] },
  stack: [envoy],
  load: requests({ to: envoy, rate: "20/s", connections: ["new", "reused"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  warmup: "5s",
  steady: "20s",
  faults: [podKill({ on: one(envoy.pods), grace: "0s" })],
  observe: "40s",
  expect: [recovery({ service: "10s", capacity: "30s" })],
});
