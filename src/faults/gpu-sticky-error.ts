import type { Evidence } from "../model/evidence.ts";
import { choice, type Read } from "../model/fields.ts";
import type { Target } from "../model/target.ts";
import { defineFault } from "../ports/fault.ts";
import { healthFields, signalField } from "../ports/gpu-fields.ts";
import { isTold, lookAtGpu } from "../ports/looks.ts";
import type { Witness } from "../ports/witness.ts";

const STATE = "sticky-error";

const params = {
  cure: choice(["restart", "heal"], {
    about:
      "what ends it: a process that was started since works (XID 13, 31), or none does " +
      "before the fault is healed",
    default: "restart",
  }),
  signal: signalField(false),
  ...healthFields(),
};
type Params = Read<typeof params>;

type Seen = Awaited<ReturnType<typeof lookAtGpu>> & {
  /** Seen now or in an earlier look: the kubelet told that the device is bad. */
  readonly told: boolean;
  /** Seen now or in an earlier look: the process of before said that it cannot compute. */
  readonly fails: boolean;
};

/** The context of a process on a device is broken: every call fails at once, for ever. */
export const gpuStickyError = defineFault({
  name: "gpu-sticky-error",
  about: "Every call of the process on a GPU fails at once until it is started again.",
  on: "gpu",
  lasts: "held",
  kinds: ["gpu-state"],
  evidence:
    "The holder's answer by HTTP, which is an error where there was 200, before its container was " +
    "started again; the status of its pod, the GPUs that the node offers, the device's metrics.",
  params,
  effects: ({ cure, signal }, gpu) => [
    { kind: "gpu-state", gpu, state: STATE, signal, symptom: true, sparesNew: cure === "restart" },
  ],
  observe: look,
  // A fast mover clears the pod away before the node tells: what was seen counts.
  gather: (seen, now) => ({
    ...now,
    told: seen.told || now.told,
    fails: seen.fails || now.fails,
  }),
  proof: (before, now, of, gpu) => ({
    effect: effectOf(before, now, of),
    by: "answer of the holder by HTTP, status of its pod, allocatable of the node, device metrics",
    saw: { before, now },
    needed:
      `an error from ${of.port}${of.path} of the holder, where there was 200, before it was ` +
      `started again, and ${of.signal ? "" : "nobody who tells that"} ${gpu.device} ` +
      `${of.signal ? "told to be" : "is"} bad; gone once the device is told to be well, or, where ` +
      `nobody tells its state, once the holder computes`,
  }),
  // The kubelet tells the node's allocatable every 10 s, and a container whose probes ended it in
  // the fault may wait for its next start.
  proofWithinMs: 60_000,
});

async function look(witness: Witness, gpu: Target<"gpu">, of: Params): Promise<Seen> {
  const now = await lookAtGpu(witness, gpu, of);
  const { holder, computes, device } = now;
  const live = holder !== null && holder.running && !holder.terminating;
  return {
    ...now,
    told: holder?.health === "Unhealthy",
    // Another state of the device is another fault.
    fails: live && (computes ?? 0) >= 500 && (device === null || device === STATE),
  };
}

function effectOf(before: Seen, now: Seen, { signal }: Params): Evidence["effect"] {
  if (before.holder === null || before.computes !== 200 || before.holder.terminating) {
    return "unclear";
  }
  // The process may be poisoned still: the device itself is well.
  if (now.device === "ok") return "absent";
  if (now.computes === 200) return now.device === STATE ? "unclear" : "absent";
  const told = now.told || isTold(before, now);
  if (!now.fails || told !== signal) return "unclear";
  return now.holder === null || now.holder.restarts === before.holder.restarts
    ? "present"
    : "unclear";
}
