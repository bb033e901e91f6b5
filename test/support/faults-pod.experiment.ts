// One fault of each kind of effect in a container, all at once, each on a part of its own.
import { exactly, experiment, one } from "ninety";
import { recovery } from "ninety/checks/recovery";
import { containerHang } from "ninety/faults/container-hang";
import { cpuStress } from "ninety/faults/cpu-stress";
import { gpuPluginDown } from "ninety/faults/gpu-plugin-down";
import { gpuWrongAnswers } from "ninety/faults/gpu-wrong-answers";
import { memoryStress } from "ninety/faults/memory-stress";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 3, gpus: 1, probes: "deep", spread: "topology" });
const bare = { replicas: 1, probes: "naive", cpu: "100m" } as const;
const frozen = modelServer({ ...bare, name: "frozen" });
const busy = modelServer({ ...bare, name: "busy" });
const leaking = modelServer({ ...bare, name: "leaking" });

export default experiment({
  hypothesis: "Five faults at once are each proved, and each proved gone.",
  stack: [server, frozen, busy, leaking],
  load: predict({ to: server, rate: "20/s", connections: ["new"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "20s",
  faults: [
    containerHang({ on: one(frozen.pods), for: "10s" }),
    gpuWrongAnswers({ on: exactly(2, server.gpus), for: "10s" }),
    gpuPluginDown({ on: one(server.nodes), at: "15s", for: "15s" }),
    cpuStress({ on: one(busy.pods), for: "30s", workers: 2 }),
    memoryStress({ on: one(leaking.pods), for: "10s", limit: "100%" }),
  ],
  observe: "60s",
  accepts: ["pdb-broken"],
  expect: [recovery({ service: "30s", capacity: "90s" })],
});
