// Faults on the packets of pods, in turn, each on a part that takes no traffic.
import { experiment, inTurn, one } from "ninety";
import { recovery } from "ninety/checks/recovery";
import { netBandwidth } from "ninety/faults/net-bandwidth";
import { netCorrupt } from "ninety/faults/net-corrupt";
import { netDelay } from "ninety/faults/net-delay";
import { netDuplicate } from "ninety/faults/net-duplicate";
import { netLoss } from "ninety/faults/net-loss";
import { netPartition } from "ninety/faults/net-partition";
import { netReorder } from "ninety/faults/net-reorder";
import { podUnready } from "ninety/faults/pod-unready";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 2, gpus: 1, probes: "deep", spread: "topology" });
const met = modelServer({ name: "met", replicas: 1, probes: "deep", cpu: "100m" });
const counting = modelServer({ name: "counting", replicas: 1, probes: "naive", cpu: "100m" });

export default experiment({
  hypothesis: "Packets of one pod are met in eight ways: each proved, and each proved gone.",
  stack: [server, met, counting],
  load: predict({ to: server, rate: "10/s", connections: ["new"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "20s",
  faults: [
    ...inTurn(
      [
        netDelay({ on: one(met.pods), for: "10s", delay: "100ms", jitter: "20ms" }),
        netLoss({ on: one(met.pods), for: "15s", loss: "20%" }),
        netPartition({ on: one(met.pods), for: "10s" }),
        netPartition({ on: one(met.pods), for: "10s", affectsProbes: true }),
        podUnready({ on: one(met.pods), for: "10s" }),
      ],
      { gap: "12s" },
    ),
    // Counts of a kernel are not moved by what else goes on, but times are: after the delay.
    ...inTurn(
      [
        netDuplicate({ on: one(counting.pods), at: "22s", for: "12s", duplicate: "20%" }),
        netCorrupt({ on: one(counting.pods), for: "12s", corrupt: "5%" }),
        netReorder({ on: one(counting.pods), for: "12s", reorder: "25%" }),
        netBandwidth({
          on: one(counting.pods),
          for: "12s",
          perSecond: "256KiB",
          path: "/v1/models/mlp:predict",
        }),
      ],
      { gap: "12s" },
    ),
  ],
  observe: "30s",
  accepts: ["pdb-broken", "affects-probes"],
  expect: [recovery({ service: "10s" })],
});
