// Must end with exit code 1. As node-loss-default, looked at for two minutes: the endpoint is gone
// after 50 s, and new connections go on failing. A port that a client uses again meets the entry of
// the connection before, which leads to the dead pod until it runs out, 120 s after its first SYN
// (measured on Linux 6.18; a kernel that renews it with every try would never get rid of it). The
// report names it from the clients' own connection table.
import { experiment, one } from "ninety";
import { recovery } from "ninety/checks/recovery";
import { nodePowerOff } from "ninety/faults/node-power-off";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 3, gpus: 1, probes: "deep", spread: "topology" });

export default experiment({
  hypothesis:
    "Clients that connect anew are well once the endpoint of a dead pod is gone: in 60 s.",
  stack: [server],
  load: predict({ to: server, rate: "150/s", connections: ["new", "reused"], timeout: "1s" }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "30s",
  // Off to the end: what comes back with the node is not what is asked.
  faults: [nodePowerOff({ on: one(server.nodes), for: "2m" })],
  observe: "10s",
  expect: [recovery({ service: "60s" })],
});
