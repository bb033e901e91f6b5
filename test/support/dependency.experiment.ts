import { all, experiment, inTurn } from "ninety";
import { availability } from "ninety/checks/availability";
import { dependencyError } from "ninety/faults/dependency-error";
import { dependencyHang } from "ninety/faults/dependency-hang";
import { dependencyRefuse } from "ninety/faults/dependency-refuse";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";
import { relay } from "ninety/parts/relay";

const server = modelServer({ replicas: 1, probes: "shallow-fast" });
const front = relay({ to: server, replicas: 2, timeout: "500ms" });
const on = all(front.pods);
const host = "server";

export default experiment({
  hypothesis: "Two relays whose model server hangs, refuses and errs in their eyes serve after it.",
  cluster: { nodes: 2, gpusPerNode: 0 },
  stack: [server, front],
  load: predict({ to: front, rate: "20/s", connections: ["new", "reused"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  warmup: "5s",
  steady: "20s",
  faults: inTurn(
    [
      dependencyHang({ on, for: "15s", host }),
      dependencyRefuse({ on, for: "15s", host }),
      dependencyError({ on, for: "15s", host, status: 500, rate: "50%" }),
    ],
    { gap: "10s" },
  ),
  observe: "30s",
  expect: [availability({ atLeast: "90%", during: "observe" })],
  // All relays at once is what is asked here.
  accepts: ["pdb-broken"],
});
