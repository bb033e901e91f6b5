// What a container may run out of, in turn, each on parts that take no traffic.
import { experiment, inTurn, one } from "ninety";
import { recovery } from "ninety/checks/recovery";
import { descriptorsExhausted } from "ninety/faults/descriptors-exhausted";
import { diskFill } from "ninety/faults/disk-fill";
import { diskSlow } from "ninety/faults/disk-slow";
import { processesExhausted } from "ninety/faults/processes-exhausted";
import { predict } from "ninety/load/predict";
import { manifests } from "ninety/parts/manifests";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 2, gpus: 1, probes: "deep", spread: "topology" });
const met = modelServer({ name: "met", replicas: 1, probes: "naive", cpu: "100m" });
const scratch = manifests(new URL("../fixtures/scratch/", import.meta.url), {
  request: { path: "/", expect: { status: 200, contains: "scratch" } },
});

export default experiment({
  hypothesis: "What a container may run out of runs out: each proved, and each proved gone.",
  stack: [server, met, scratch],
  load: predict({ to: server, rate: "20/s", connections: ["new"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "20s",
  faults: inTurn(
    [
      processesExhausted({ on: one(met.pods), for: "10s" }),
      descriptorsExhausted({ on: one(met.pods), for: "10s" }),
      diskSlow({ on: one(met.pods), for: "15s", speed: "1MiB" }),
      diskFill({ on: one(scratch.pods), for: "10s", path: "/small" }),
      diskFill({ on: one(scratch.pods), for: "10s", path: "/small", to: "75%" }),
    ],
    { gap: "5s" },
  ),
  observe: "30s",
  accepts: ["pdb-broken"],
  expect: [recovery({ service: "10s", capacity: "10s" })],
});
