// Faults of the control plane: whoever only asks servers does not notice.
import { experiment } from "ninety";
import { availability } from "ninety/checks/availability";
import { recovery } from "ninety/checks/recovery";
import { apiServerPause } from "ninety/faults/api-server-pause";
import { controllerManagerDown } from "ninety/faults/controller-manager-down";
import { etcdKill } from "ninety/faults/etcd-kill";
import { etcdPause } from "ninety/faults/etcd-pause";
import { schedulerDown } from "ninety/faults/scheduler-down";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 2, gpus: 1, probes: "deep", spread: "topology" });

export default experiment({
  hypothesis: "Each component of the control plane stops, is back, and no client notices.",
  stack: [server],
  load: predict({ to: server, rate: "20/s", connections: ["new"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "20s",
  // Who lost its lead by a stop of more than 10 s leads again within 17.
  faults: [
    etcdKill({}),
    schedulerDown({ at: "10s", for: "20s" }),
    controllerManagerDown({ at: "10s", for: "20s" }),
    etcdPause({ at: "60s", for: "15s" }),
    apiServerPause({ at: "85s", for: "15s" }),
  ],
  observe: "60s",
  expect: [recovery({ service: "5s" }), availability({ atLeast: "99%" })],
});
