// A service that somebody else deployed, met by what the API server alone can do.
import { experiment, one } from "ninety";
import { recovery } from "ninety/checks/recovery";
import { podKill } from "ninety/faults/pod-kill";
import { requests } from "ninety/load/requests";
import { existing } from "ninety/parts/existing";

const web = existing({
  namespace: "shop",
  selector: "app=web",
  service: "web",
  port: 80,
  request: { path: "/", expect: { status: 200, contains: "web answers" } },
});

export default experiment({
  hypothesis: "A pod of a service that is not ours is replaced in 60 s; clients are well in 20 s.",
  stack: [web],
  load: requests({ to: web, rate: "20/s", connections: ["new", "reused"] }),
  slo: { within: "500ms", good: "99%", breach: "90%" },
  warmup: "5s",
  steady: "20s",
  faults: [podKill({ on: one(web.pods), grace: "0s" })],
  observe: "60s",
  expect: [recovery({ service: "20s", capacity: "60s" })],
});
