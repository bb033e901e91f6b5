// Needs what a kubeconfig alone does not give: hands on a node.
import { experiment, one } from "ninety";
import { recovery } from "ninety/checks/recovery";
import { containerKill } from "ninety/faults/container-kill";
import { nodePowerOff } from "ninety/faults/node-power-off";
import { requests } from "ninety/load/requests";
import { existing } from "ninety/parts/existing";

const web = existing({
  namespace: "shop",
  selector: "app=web",
  service: "web",
  port: 80,
  request: { path: "/", expect: { status: 200 } },
});

export default experiment({
  hypothesis: "What cannot be held is not begun.",
  stack: [web],
  load: requests({ to: web, rate: "20/s", connections: ["new"] }),
  slo: { within: "500ms", good: "99%" },
  steady: "20s",
  faults: [
    containerKill({ on: one(web.pods) }),
    nodePowerOff({ on: one(web.nodes), at: "5s", for: "5s" }),
  ],
  observe: "10s",
  expect: [recovery({ service: "20s" })],
});
