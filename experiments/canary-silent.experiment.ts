// Must end with exit code 2: the program that carries out the effect on the nodes is replaced by
// one that acknowledges and does nothing. The fault's own file is untouched; only the proof can
// tell. If this passes or fails, ninety itself is broken.
import { experiment, one } from "ninety";
import { recovery } from "ninety/checks/recovery";
import { gpuLost } from "ninety/faults/gpu-lost";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";
import { nodeAgent } from "ninety/parts/node-agent";

const server = modelServer({ replicas: 2, gpus: 1, probes: "deep", spread: "topology" });

const SILENT = `
export async function apply() {}
export async function extend() {}
export async function undo() {}
`;

export default experiment({
  hypothesis: "A GPU that is only said to be lost hurts nobody.",
  stack: [server, nodeAgent({ replace: { effect: "gpu-state", source: SILENT } })],
  load: predict({ to: server, rate: "50/s", connections: ["new", "reused"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "20s",
  faults: [gpuLost({ on: one(server.gpus), for: "20s" })],
  observe: "20s",
  expect: [recovery({ service: "20s" })],
});
