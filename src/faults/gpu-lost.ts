import { choice, count, flag, text, type Read } from "../model/fields.ts";
import { at, listAt, numberAt, textAt, type Json } from "../model/json.ts";
import type { Evidence } from "../model/evidence.ts";
import type { Target } from "../model/target.ts";
import { defineFault } from "../ports/fault.ts";
import type { Witness } from "../ports/witness.ts";

const RESOURCE = "nvidia.com/gpu";
/** Exit codes of a container that ended well, or by SIGKILL or SIGTERM. */
const ASKED_TO_END: readonly number[] = [0, 137, 143];

const params = {
  signal: flag({
    about: "the device plugin reports the device Unhealthy and the metrics show the error",
    default: true,
  }),
  symptom: choice(["crash", "sticky-error", "hang", "none"], {
    about: "what the process on the device feels",
    default: "crash",
  }),
  port: count({
    about: "port of the holder that answers whether it can compute",
    min: 1,
    max: 65_535,
    default: 8_501,
  }),
  path: text({
    about: "path on that port: 200 only after a right answer from the device",
    pattern: /^\/\S*$/,
    rule: "a path that begins with /",
    default: "/health/ready",
  }),
};
type Params = Read<typeof params>;
type Half = Evidence["effect"];

/** The holder's pod, while it is there. */
type Holder = {
  /** Of this device, as the kubelet tells in the pod's status; "": not told. */
  readonly health: string;
  readonly terminating: boolean;
  readonly running: boolean;
  /** A container ended by itself: neither well nor because it was told to. */
  readonly failed: boolean;
  readonly restarts: number;
};
type Seen = {
  /** GPUs that the node offers; null: there is no such node. */
  readonly allocatable: number | null;
  readonly holder: Holder | null;
  /** Starts of the holder's containers that Events tell of: they outlive the pod. */
  readonly starts: number;
  /** Whether the holder computes: 200, another status, or 0 for no answer; null: no holder. */
  readonly computes: number | null;
};

/** A device falls off the bus: the cluster is told (signal) and its process feels it (symptom). */
export const gpuLost = defineFault({
  name: "gpu-lost",
  about: "A GPU is lost: the cluster is told of it, and the process on it feels it.",
  on: "gpu",
  lasts: "held",
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
  proof,
  // The kubelet tells the node's allocatable every 10 s, and a container that crashed waits up to
  // 40 s before it is started on the healed device.
  proofWithinMs: 60_000,
});

async function look(witness: Witness, gpu: Target<"gpu">, { port, path }: Params): Promise<Seen> {
  const node = await witness.object(`api/v1/nodes/${gpu.node}`);
  const allocatable = numberAt(node, "status", "allocatable", RESOURCE) ?? 0;
  const seen = { allocatable: node === null ? null : allocatable };
  if (gpu.holder === null) return { ...seen, holder: null, starts: 0, computes: null };
  const { namespace, name, uid } = gpu.holder;
  const pod = await witness.object(`api/v1/namespaces/${namespace}/pods/${name}`);
  const ofHolder = encodeURIComponent(`involvedObject.uid=${uid}`);
  const events = await witness.object(
    `api/v1/namespaces/${namespace}/events?fieldSelector=${ofHolder}`,
  );
  const starts = startsIn(events);
  // A pod of that name with another uid is a replacement: it says nothing of this device.
  if (pod === null || textAt(pod, "metadata", "uid") !== uid) {
    return { ...seen, holder: null, starts, computes: null };
  }
  const holder = holderIn(pod, gpu.device);
  // A pod that ended and goes is there for half a second: nothing may be waited for that is known.
  if (!holder.running) return { ...seen, holder, starts, computes: 0 };
  const { answered, status } = await witness.http(gpu.holder, { port, path });
  return { ...seen, holder, starts, computes: answered ? status : 0 };
}

function holderIn(pod: Json, device: string): Holder {
  const statuses = listAt(pod, "status", "containerStatuses");
  const devices = statuses
    .flatMap((status) => listAt(status, "allocatedResourcesStatus"))
    .flatMap((resource) => listAt(resource, "resources"));
  const own = devices.find((one) => textAt(one, "resourceID") === device);
  return {
    health: textAt(own, "health"),
    terminating: at(pod, "metadata", "deletionTimestamp") !== undefined,
    running: statuses.every((status) => at(status, "state", "running") !== undefined),
    failed: statuses.some((status) => {
      const code = numberAt(status, "state", "terminated", "exitCode");
      return code !== undefined && !ASKED_TO_END.includes(code);
    }),
    restarts: statuses.reduce<number>(
      (sum, status) => sum + (numberAt(status, "restartCount") ?? 0),
      0,
    ),
  };
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
  if (before.holder?.health === "Unhealthy") return "unclear";
  if (now.holder?.health === "Unhealthy" || now.allocatable < before.allocatable) return "present";
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
    return signal === "present" && symptom === "crash" && restarted ? "present" : "unclear";
  }
  if (now.computes === 200) return "absent";
  if (symptom === "crash") {
    if (signal === "absent" && !holder.running && restarted) return "absent";
    return restarted || holder.failed ? "present" : "unclear";
  }
  if (signal === "absent" && !restarted) return "absent";
  // One that is going refuses for that reason alone.
  return holder.terminating ? "unclear" : "present";
}
