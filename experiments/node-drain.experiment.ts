// Maintenance: the node is closed and its pods go as their budgets allow. Capacity is down until
// the replica serves elsewhere, not until the node is open again.
import { experiment, one } from "ninety";
import { availability } from "ninety/checks/availability";
import { recovery } from "ninety/checks/recovery";
import { nodeDrain } from "ninety/faults/node-drain";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 3, gpus: 1, probes: "deep", spread: "topology" });

export default experiment({
  hypothesis:
    "A drained node hurts clients for at most 5 s; its replica serves on another node in 30 s.",
  stack: [server],
  load: predict({ to: server, rate: "50/s", connections: ["new", "reused"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "30s",
  faults: [nodeDrain({ on: one(server.nodes), for: "60s" })],
  observe: "90s",
  expect: [
    recovery({ service: "5s", capacity: "30s" }),
    availability({ atLeast: "99%", during: "observe" }),
  ],
});
