import { all, experiment } from "ninety";
import { availability } from "ninety/checks/availability";
import { recovery } from "ninety/checks/recovery";
import { dependencyHang } from "ninety/faults/dependency-hang";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";
import { relay } from "ninety/parts/relay";

const server = modelServer({ replicas: 2, probes: "shallow-fast", spread: "topology" });
const front = relay({ to: server, timeout: "500ms" });

export default experiment({
  hypothesis: "A model server that hangs for 20 s hurts clients no longer than it hangs.",
  cluster: { gpusPerNode: 0 },
  stack: [server, front],
  load: predict({ to: front, rate: "30/s", connections: ["new", "reused"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "30s",
  faults: [dependencyHang({ on: all(front.pods), for: "20s", host: "server" })],
  observe: "60s",
  expect: [
    recovery({ service: "23s", capacity: "23s" }),
    availability({ atLeast: "95%", during: "observe" }),
  ],
  // All relays at once is what is asked here.
  accepts: ["pdb-broken"],
});
