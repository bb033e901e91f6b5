// Faults on the packets of links and of a node, in turn.
import { all, between, experiment, inTurn, one } from "ninety";
import { availability } from "ninety/checks/availability";
import { netDelay } from "ninety/faults/net-delay";
import { netLoss } from "ninety/faults/net-loss";
import { netPartition } from "ninety/faults/net-partition";
import { nodePartition } from "ninety/faults/node-partition";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 2, gpus: 1, probes: "deep", spread: "topology" });
const near = modelServer({ name: "near", replicas: 2, probes: "naive", cpu: "100m" });
const met = modelServer({ name: "met", replicas: 1, probes: "naive", cpu: "100m" });
const link = between(all(near.pods), all(met.pods));

export default experiment({
  hypothesis:
    "Links and a node are slow, lose packets, and are cut: each proved, each proved gone.",
  stack: [server, near, met],
  load: predict({ to: server, rate: "10/s", connections: ["new"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "20s",
  faults: inTurn(
    [
      netDelay({ on: link, for: "10s", delay: "100ms", jitter: "20ms" }),
      netLoss({ on: link, for: "15s", loss: "20%" }),
      netPartition({ on: link, for: "10s" }),
      netDelay({ on: one(met.nodes), for: "10s", delay: "50ms" }),
      netLoss({ on: one(met.nodes), for: "15s", loss: "20%" }),
      netPartition({ on: one(met.nodes), for: "10s" }),
      nodePartition({ on: one(met.nodes), for: "20s" }),
    ],
    { gap: "12s" },
  ),
  observe: "60s",
  accepts: ["pdb-broken"],
  // One after the other they are one episode, longer than any of them.
  expect: [availability({ atLeast: "50%" })],
});
