// Every fault on a GPU, each on a part of its own that takes no traffic: all at once where nobody
// is told, then one by one, since the node tells how many of its GPUs are bad and not which.
import { experiment, one } from "ninety";
import { recovery } from "ninety/checks/recovery";
import { gpuEcc } from "ninety/faults/gpu-ecc";
import { gpuFlapping } from "ninety/faults/gpu-flapping";
import { gpuHang } from "ninety/faults/gpu-hang";
import { gpuLost } from "ninety/faults/gpu-lost";
import { gpuOutOfMemory } from "ninety/faults/gpu-out-of-memory";
import { gpuSilentCpuFallback } from "ninety/faults/gpu-silent-cpu-fallback";
import { gpuSlow } from "ninety/faults/gpu-slow";
import { gpuStickyError } from "ninety/faults/gpu-sticky-error";
import { gpuWrongAnswers } from "ninety/faults/gpu-wrong-answers";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({
  replicas: 2,
  gpus: 1,
  probes: "deep",
  spread: "topology",
  quota: false,
});
const met = (name: string) =>
  modelServer({ name, replicas: 1, gpus: 1, probes: "naive", cpu: "50m", quota: false });
const hangs = met("hangs");
const slow = met("slow");
const sticky = met("sticky");
const wrong = met("wrong");
const full = met("full");
const short = met("short");
const fallen = met("fallen");
const lost = met("lost");
const ecc = met("ecc");
const reset = met("reset");
const flaps = met("flaps");

export default experiment({
  hypothesis: "Every fault on a GPU is proved, and proved gone.",
  cluster: { gpusPerNode: 7 },
  stack: [server, hangs, slow, sticky, wrong, full, short, fallen, lost, ecc, reset, flaps],
  load: predict({ to: server, rate: "20/s", connections: ["new"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "20s",
  faults: [
    gpuHang({ on: one(hangs.gpus), for: "12s" }),
    gpuSlow({ on: one(slow.gpus), for: "12s", factor: 20 }),
    gpuStickyError({ on: one(sticky.gpus), for: "12s" }),
    gpuWrongAnswers({ on: one(wrong.gpus), for: "12s" }),
    gpuOutOfMemory({ on: one(full.gpus), for: "12s" }),
    gpuOutOfMemory({ on: one(short.gpus), for: "12s", fits: 4, signal: false }),
    gpuSilentCpuFallback({ on: one(fallen.gpus), for: "12s" }),
    gpuLost({ on: one(lost.gpus), at: "20s", for: "12s" }),
    gpuEcc({ on: one(ecc.gpus), at: "45s", for: "12s" }),
    gpuEcc({
      on: one(reset.gpus),
      at: "70s",
      for: "12s",
      severity: "uncontained",
    }),
    gpuFlapping({
      on: one(flaps.gpus),
      at: "95s",
      for: "25s",
      bad: "4s",
      well: "6s",
      symptom: "sticky-error",
    }),
  ],
  observe: "30s",
  accepts: ["pdb-broken"],
  // From the first fault to the last: one after the other takes a replica away.
  expect: [recovery({ service: "10s", capacity: "2m" })],
});
