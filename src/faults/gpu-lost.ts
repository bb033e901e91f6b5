import { choice, type Read } from "../model/fields.ts";
import { listAt, numberAt, textAt, type Json } from "../model/json.ts";
import type { Evidence } from "../model/evidence.ts";
import type { Target } from "../model/target.ts";
import { defineFault } from "../ports/fault.ts";
import { healthFields, signalField } from "../ports/gpu-fields.ts";
import { lookAtDevice, lookAtHolder, type DeviceHolder } from "../ports/looks.ts";
import type { Witness } from "../ports/witness.ts";

const RESOURCE = "nvidia.com/gpu";
/** A pod that crashed and is moved is there for a second: several looks must fit in it. */
const ANSWER_OF_TOLD_MS = 200;

const params = {
  signal: signalField(true),
  symptom: choice(["crash", "sticky-error", "hang", "none"], {
    about: "what the process on the device feels",
    default: "crash",
  }),
  ...healthFields(),
};
type Params = Read<typeof params>;
type Half = Evidence["effect"];

type Seen = {
  /** GPUs that the node offers; null: there is no such node. */
  readonly allocatable: number | null;
  readonly holder: DeviceHolder | null;
  /** Starts of the holder's containers that Events tell of: they outlive the pod. */
  readonly starts: number;
  /** Whether the holder computes: 200, another status, or 0 for no answer; null: no holder. */
  readonly computes: number | null;
  /** State of the device as the plugin on its node exports it; null: nobody tells. */
  readonly device: string | null;
  /** Seen now or in an earlier look: the kubelet told that the device is bad. */
  readonly told: boolean;
  /** Seen now or in an earlier look: a container of the holder ended by itself. */
  readonly failed: boolean;
};

/** A device falls off the bus: the cluster is told (signal) and its process feels it (symptom). */
export const gpuLost = defineFault({
  name: "gpu-lost",
  about: "A GPU is lost: the cluster is told of it, and the process on it feels it.",
  on: "gpu",
  lasts: "held",
  kinds: ["gpu-state"],
  evidence:
    "Where signalled, the health of the device in the pod's status or the GPUs that the node " +
    "offers; where felt, the holder's containers, its Events and its answer by HTTP.",
  params,
  problems: ({ signal, symptom }) =>
    signal || symptom !== "none"
      ? []
      : ["signal must be true where symptom is none (nothing would happen), got false"],
  effects: ({ signal, symptom }, gpu) => [
    {
      kind: "gpu-state",
      gpu,
      state: symptom === "none" ? "crash" : symptom,
      signal,
      symptom: symptom !== "none",
    },
  ],
  observe: look,
  // A fast mover clears the crashed pod away before the node tells: what was seen counts.
  gather: (seen, now) => ({
    ...now,
    told: seen.told || now.told,
    failed: seen.failed || now.failed,
  }),
  proof,
  // The kubelet tells the node's allocatable every 10 s, and a container that crashed waits up to
  // 40 s before it is started on the healed device.
  proofWithinMs: 60_000,
});

async function look(witness: Witness, gpu: Target<"gpu">, of: Params): Promise<Seen> {
  const node = await witness.object(`api/v1/nodes/${gpu.node}`);
  const offered = numberAt(node, "status", "allocatable", RESOURCE) ?? 0;
  const allocatable = node === null ? null : offered;
  const hurry = of.symptom === "crash" ? { toldWithinMs: ANSWER_OF_TOLD_MS } : {};
  const { holder, computes } = await lookAtHolder(witness, gpu, { ...of, ...hurry });
  // Where the cluster is told the device needs no other witness.
  const device = of.signal ? null : await lookAtDevice(witness, gpu);
  return {
    allocatable,
    holder,
    starts: await startsOf(witness, gpu),
    computes,
    device,
    told: holder?.health === "Unhealthy",
    failed: holder?.failed === true,
  };
}

async function startsOf(witness: Witness, { holder }: Target<"gpu">): Promise<number> {
  if (holder === null) return 0;
  const ofHolder = encodeURIComponent(`involvedObject.uid=${holder.uid}`);
  return startsIn(
    await witness.object(`api/v1/namespaces/${holder.namespace}/events?fieldSelector=${ofHolder}`),
  );
}

function startsIn(events: Json): number {
  return listAt(events, "items")
    .filter((event) => textAt(event, "reason") === "Started")
    .reduce<number>(
      (sum, event) => sum + (numberAt(event, "count") ?? numberAt(event, "series", "count") ?? 1),
      0,
    );
}

/** Of the halves that are switched on, each must be seen: one that is not there is no effect. */
function proof(before: Seen, now: Seen, params: Params, gpu: Target<"gpu">): Evidence {
  const signal = params.signal ? signalOf(before, now) : null;
  const symptom = params.symptom === "none" ? null : symptomOf(before, now, params, signal);
  const halves = [signal, symptom].filter((half) => half !== null);
  const all = (effect: Half): boolean => halves.every((half) => half === effect);
  return {
    effect: all("present") ? "present" : all("absent") ? "absent" : "unclear",
    by: "node allocatable, status of the holder's pod, its events, and its answer by HTTP",
    saw: { signal, symptom, before, now },
    needed: neededOf(params, gpu, before),
  };
}

function neededOf(params: Params, gpu: Target<"gpu">, before: Seen): string {
  const { signal, symptom, port, path } = params;
  const told =
    `${gpu.device} Unhealthy in the pod's status, ` +
    `or fewer than ${before.allocatable} GPUs allocatable on ${gpu.node}`;
  const felt =
    symptom === "crash"
      ? `a container of the holder that failed since, and no 200 from ${port}${path}`
      : `no 200 from ${port}${path} of the holder, where there was one`;
  return [...(signal ? [told] : []), ...(symptom === "none" ? [] : [felt])].join("; and ");
}

/** Whether the cluster is told that the device is bad. */
function signalOf(before: Seen, now: Seen): Half {
  if (before.allocatable === null || now.allocatable === null) return "unclear";
  if (before.told) return "unclear";
  if (now.told || now.allocatable < before.allocatable) return "present";
  return now.holder?.health === "Unknown" ? "unclear" : "absent";
}

/**
 * Whether the process on the device feels it. A holder that has gone (moved, replaced) feels
 * nothing any more: what it felt counts for as long as the device itself is told to be bad. Where
 * the device is told to be well, a container that waits to be started again, or a process that only
 * remembers its errors, says nothing against it.
 */
function symptomOf(before: Seen, now: Seen, { symptom }: Params, signal: Half | null): Half {
  const { holder } = now;
  if (before.holder === null || before.computes !== 200 || before.holder.terminating) {
    return "unclear";
  }
  const restarted =
    now.starts > before.starts || (holder !== null && holder.restarts > before.holder.restarts);
  if (holder === null) {
    if (signal === "absent") return "absent";
    const felt = restarted || now.failed;
    return signal === "present" && symptom === "crash" && felt ? "present" : "unclear";
  }
  if (now.computes === 200) return "absent";
  if (symptom === "crash") {
    if (signal === "absent" && !holder.running && restarted) return "absent";
    return restarted || now.failed ? "present" : "unclear";
  }
  const well = signal === "absent" || (signal === null && now.device === "ok");
  if (well && !restarted) return "absent";
  // One that is going refuses for that reason alone.
  return holder.terminating ? "unclear" : "present";
}
