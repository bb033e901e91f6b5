// Faults on the packets of a pod, in turn, each on a part of its own that takes no traffic.
import { experiment, inTurn, one } from "ninety";
import { recovery } from "ninety/checks/recovery";
import { netDelay } from "ninety/faults/net-delay";
import { netLoss } from "ninety/faults/net-loss";
import { netPartition } from "ninety/faults/net-partition";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 2, gpus: 1, probes: "deep", spread: "topology" });
const met = modelServer({ name: "met", replicas: 1, probes: "naive", cpu: "100m" });

export default experiment({
  hypothesis: "Packets of one pod are late, lost and cut: each proved, and each proved gone.",
  stack: [server, met],
  load: predict({ to: server, rate: "20/s", connections: ["new"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "20s",
  faults: inTurn(
    [
      netDelay({ on: one(met.pods), for: "10s", delay: "100ms", jitter: "20ms" }),
      netLoss({ on: one(met.pods), for: "20s", loss: "20%" }),
      netPartition({ on: one(met.pods), for: "10s" }),
    ],
    { gap: "10s" },
  ),
  observe: "30s",
  accepts: ["pdb-broken"],
  expect: [recovery({ service: "10s", capacity: "10s" })],
});
