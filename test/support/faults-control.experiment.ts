// Faults that stop what makes a machine a node, and the machine itself, in turn.
import { experiment, inTurn, one } from "ninety";
import { recovery } from "ninety/checks/recovery";
import { containerRuntimeStop } from "ninety/faults/container-runtime-stop";
import { kubeletStop } from "ninety/faults/kubelet-stop";
import { nodeReboot } from "ninety/faults/node-reboot";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 3, gpus: 1, probes: "deep", spread: "topology" });

export default experiment({
  hypothesis: "A node's kubelet, its runtime and the node itself: each stopped, and each back.",
  stack: [server],
  load: predict({ to: server, rate: "20/s", connections: ["new"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "20s",
  faults: inTurn(
    [
      kubeletStop({ on: one(server.nodes), for: "15s" }),
      containerRuntimeStop({ on: one(server.nodes), for: "15s" }),
      nodeReboot({ on: one(server.nodes) }),
    ],
    { gap: "10s" },
  ),
  observe: "2m",
  accepts: ["no-spare-gpu", "pdb-broken"],
  expect: [recovery({ service: "60s", capacity: "100s" })],
});
