import { all, experiment } from "ninety";
import { availability } from "ninety/checks/availability";
import { recovery } from "ninety/checks/recovery";
import { dependencyError } from "ninety/faults/dependency-error";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";
import { relay } from "ninety/parts/relay";

const server = modelServer({ replicas: 2, probes: "shallow-fast", spread: "topology" });
const front = relay({ to: server, timeout: "500ms" });

export default experiment({
  hypothesis:
    "Relays that retry nothing pass each error of the model server on, and nothing after them.",
  cluster: { gpusPerNode: 0 },
  stack: [server, front],
  load: predict({ to: front, rate: "30/s", connections: ["new", "reused"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "30s",
  faults: [dependencyError({ on: all(front.pods), for: "20s", host: "server", rate: "20%" })],
  observe: "60s",
  expect: [
    recovery({ service: "23s", capacity: "23s" }),
    availability({ atLeast: "95%", during: "observe" }),
  ],
  // All relays at once is what is asked here.
  accepts: ["pdb-broken"],
});
