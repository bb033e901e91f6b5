// Looks that several faults on GPUs share. Reads only; what could not be looked at throws.
import { at, listAt, numberAt, textAt, type Json } from "../model/json.ts";
import type { Ms } from "../model/quantity.ts";
import type { Target } from "../model/target.ts";
import type { Answer, Witness } from "./witness.ts";

/** Exit codes of a container that ended well, or by SIGKILL or SIGTERM. */
const ASKED_TO_END: readonly number[] = [0, 137, 143];
const PLUGIN_PODS = "api/v1/namespaces/ninety-system/pods?labelSelector=ninety%2Fpart%3Dgpu-plugin";
const METRICS_PORT = 9_400;

/** The pod that has a device, while it is there. */
export type DeviceHolder = {
  /** Of this device, as the kubelet tells in the pod's status; "": not told. */
  readonly health: string;
  readonly terminating: boolean;
  readonly running: boolean;
  /** A container ended by itself: neither well nor because it was told to. */
  readonly failed: boolean;
  readonly restarts: number;
};

/**
 * The holder as the API server has it, and whether it computes: 200, another status, or 0 for no
 * answer. Both null where it is gone; a pod of that name with another uid says nothing of this
 * device. `toldWithinMs`: no answer is waited for any longer once the device is told to be bad,
 * where silence alone proves nothing and a pod that ends must not be missed meanwhile.
 */
export async function lookAtHolder(
  witness: Witness,
  gpu: Target<"gpu">,
  of: { readonly port: number; readonly path: string; readonly toldWithinMs?: Ms },
): Promise<{ readonly holder: DeviceHolder | null; readonly computes: number | null }> {
  if (gpu.holder === null) return { holder: null, computes: null };
  const pod = await podNow(witness, gpu.holder);
  if (pod === null) return { holder: null, computes: null };
  const holder = holderIn(pod, gpu.device);
  // A pod that ended and goes is there for half a second: nothing may be waited for that is known.
  if (!holder.running) return { holder, computes: 0 };
  const { port, path, toldWithinMs } = of;
  const hurry = holder.health === "Unhealthy" && toldWithinMs !== undefined;
  const { answered, status } = await witness.http(gpu.holder, {
    port,
    path,
    ...(hurry ? { withinMs: toldWithinMs } : {}),
  });
  const later = hurry ? await podNow(witness, gpu.holder) : null;
  return {
    holder: later === null ? holder : holderIn(later, gpu.device),
    computes: answered ? status : 0,
  };
}

async function podNow(
  witness: Witness,
  { namespace, name, uid }: Target<"pod">,
): Promise<Json | null> {
  const pod = await witness.object(`api/v1/namespaces/${namespace}/pods/${name}`);
  return textAt(pod, "metadata", "uid") === uid ? pod : null;
}

function holderIn(pod: Json, device: string): DeviceHolder {
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

/**
 * The state of a virtual device as the plugin of its node exports it; null where there is no such
 * plugin, or it does not answer or tell. Says what the device is, not what a process on it feels.
 */
export async function lookAtDevice(witness: Witness, gpu: Target<"gpu">): Promise<string | null> {
  return (await lookAtMetrics(witness, gpu))?.state ?? null;
}

/** What the metrics of a device tell; null: not that. */
export type DeviceMetrics = {
  readonly state: string | null;
  /** While a fault of ours holds it, also where it is well between two bad times. */
  readonly held: boolean | null;
  /** How often it has gone bad or well. */
  readonly changes: number | null;
  /** The last one that was met; it never resets. */
  readonly xid: number | null;
  readonly freeMiB: number | null;
};

/** The metrics that the plugin on its node exports of a device; null: nobody tells. */
export async function lookAtMetrics(
  witness: Witness,
  gpu: Target<"gpu">,
): Promise<DeviceMetrics | null> {
  const answer = await lookAtPlugin(witness, gpu.node);
  if (!answer?.answered || answer.status !== 200) return null;
  const held = metricIn(answer.body, "ninety_gpu_held", gpu.device);
  return {
    state: stateIn(answer.body, gpu.device),
    held: held === null ? null : held === 1,
    changes: metricIn(answer.body, "ninety_gpu_changes_total", gpu.device),
    xid: metricIn(answer.body, "DCGM_FI_DEV_XID_ERRORS", gpu.device),
    freeMiB: metricIn(answer.body, "DCGM_FI_DEV_FB_FREE", gpu.device),
  };
}

function metricIn(metrics: string, name: string, device: string): number | null {
  for (const line of metrics.split("\n")) {
    if (!line.startsWith(`${name}{`) || !line.includes(`UUID="${device}"`)) continue;
    const value = Number(line.slice(line.lastIndexOf(" ") + 1));
    return Number.isFinite(value) ? value : null;
  }
  return null;
}

/** What the device plugin of a node says of its metrics; null: there is no such plugin of ours. */
export async function lookAtPlugin(witness: Witness, node: string): Promise<Answer | null> {
  const pods = listAt(await witness.object(PLUGIN_PODS), "items");
  const pod = pods.find((one) => textAt(one, "spec", "nodeName") === node);
  if (pod === undefined) return null;
  const plugin: Target<"pod"> = {
    kind: "pod",
    namespace: textAt(pod, "metadata", "namespace"),
    name: textAt(pod, "metadata", "name"),
    uid: textAt(pod, "metadata", "uid"),
    node,
  };
  return witness.http(plugin, { port: METRICS_PORT, path: "/metrics" });
}

/** The state in the exported text, `ninety_gpu_state{…,UUID="…",…,state="…",…} 1`. */
function stateIn(metrics: string, device: string): string | null {
  for (const line of metrics.split("\n")) {
    if (!line.startsWith("ninety_gpu_state{") || !line.endsWith(" 1")) continue;
    if (/UUID="([^"]*)"/.exec(line)?.[1] !== device) continue;
    return /\bstate="([^"]*)"/.exec(line)?.[1] ?? null;
  }
  return null;
}

/** A GPU and its holder, for faults that leave the holder's process alive. */
export type GpuNow = {
  readonly holder: DeviceHolder | null;
  /** State of the device as the plugin on its node exports it; null: nobody tells. */
  readonly device: string | null;
  /** GPUs that the node offers. */
  readonly allocatable: number;
};

/** The GPU, its holder, and whether it computes: 200, another status, 0 for silence; null: gone. */
export async function lookAtGpu(
  witness: Witness,
  gpu: Target<"gpu">,
  of: { readonly port: number; readonly path: string; readonly toldWithinMs?: Ms },
): Promise<GpuNow & { readonly computes: number | null }> {
  const [{ holder, computes }, device, node] = await Promise.all([
    lookAtHolder(witness, gpu, of),
    lookAtDevice(witness, gpu),
    witness.object(`api/v1/nodes/${gpu.node}`),
  ]);
  const allocatable = numberAt(node, "status", "allocatable", "nvidia.com/gpu") ?? 0;
  return { holder, device, allocatable, computes };
}

/** The GPU and its holder, and the answers to the same request, asked one after the other. */
export async function lookAtAnswers(
  witness: Witness,
  gpu: Target<"gpu">,
  of: {
    readonly port: number;
    readonly path: string;
    /** JSON. */
    readonly body: string;
    readonly times: number;
    readonly withinMs: Ms;
  },
): Promise<GpuNow & { readonly answers: readonly Answer[] }> {
  const { port, path, body, times, withinMs } = of;
  const [device, node, pod] = await Promise.all([
    lookAtDevice(witness, gpu),
    witness.object(`api/v1/nodes/${gpu.node}`),
    gpu.holder === null ? null : podNow(witness, gpu.holder),
  ]);
  const allocatable = numberAt(node, "status", "allocatable", "nvidia.com/gpu") ?? 0;
  const holder = pod === null ? null : holderIn(pod, gpu.device);
  const answers: Answer[] = [];
  if (gpu.holder !== null && holder?.running === true) {
    const request = { port, path, body: JSON.parse(body) as Json, withinMs };
    // Who is silent is not asked again: a look has its own bound.
    while (answers.length < times && answers.at(-1)?.answered !== false) {
      answers.push(await witness.http(gpu.holder, request));
    }
  }
  return { holder, device, allocatable, answers };
}

/** Whether the kubelet tells that the device is bad, or offers fewer of them than before. */
export function isTold(before: GpuNow, now: GpuNow): boolean {
  return now.holder?.health === "Unhealthy" || now.allocatable < before.allocatable;
}
