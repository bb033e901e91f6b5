import type { Evidence } from "../model/evidence.ts";
import { defineFault } from "../ports/fault.ts";
import { healthFields } from "../ports/gpu-fields.ts";
import { isTold, lookAtGpu } from "../ports/looks.ts";

type Seen = Awaited<ReturnType<typeof lookAtGpu>>;

/** Calls on a device never return, and nobody is told: the process lives and its status is good. */
export const gpuHang = defineFault({
  name: "gpu-hang",
  about: "Calls on a GPU never return, and neither the cluster nor the process is told.",
  on: "gpu",
  lasts: "held",
  kinds: ["gpu-state"],
  evidence:
    "The holder's answer by HTTP, which is no 200 any more, while neither the status of its " +
    "pod, the node nor the metrics of the device tell of anything.",
  params: healthFields(", in bounded time"),
  effects: (_params, gpu) => [
    { kind: "gpu-state", gpu, state: "hang", signal: false, symptom: true },
  ],
  observe: lookAtGpu,
  proof: (before, now, of, gpu) => ({
    effect: effectOf(before, now),
    by: "answer of the holder by HTTP, status of its pod, allocatable of the node, device metrics",
    saw: { before, now },
    needed:
      `no 200 from ${of.port}${of.path} of the holder, where there was one, while its container ` +
      `runs as before and nobody tells that ${gpu.device} is bad; gone again once the holder ` +
      `computes, or the device is told to be well: a process that hung on it may hang for ever`,
  }),
  // A container that was started again while the device hung is ended by its startup probe first.
  proofWithinMs: 60_000,
});

function effectOf(before: Seen, now: Seen): Evidence["effect"] {
  const { holder } = now;
  if (before.holder === null || before.computes !== 200 || before.holder.terminating) {
    return "unclear";
  }
  if (now.computes === 200) return "absent";
  // Who hung on it may hang for ever, or is being started again: the device itself is well.
  if (now.device === "ok") return "absent";
  if (holder === null || holder.terminating) return "unclear";
  // Told to be bad, or ended: that is another fault.
  if (isTold(before, now)) return "unclear";
  return holder.running && holder.restarts === before.holder.restarts ? "present" : "unclear";
}
