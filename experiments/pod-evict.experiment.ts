// An eviction is what a drain, a rebalancer or an autoscaler does to a pod: the disruption budget
// is asked, and the pod has its grace, so that clients should hardly notice.
import { experiment, one } from "ninety";
import { availability } from "ninety/checks/availability";
import { recovery } from "ninety/checks/recovery";
import { podEvict } from "ninety/faults/pod-evict";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 3, gpus: 1, probes: "deep", spread: "topology" });

export default experiment({
  hypothesis: "A replica that is evicted hurts clients for at most 5 s; another serves in 30 s.",
  stack: [server],
  load: predict({ to: server, rate: "50/s", connections: ["new", "reused"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "30s",
  faults: [podEvict({ on: one(server.pods) })],
  observe: "90s",
  expect: [
    recovery({ service: "5s", capacity: "30s" }),
    availability({ atLeast: "99%", during: "observe" }),
  ],
});
