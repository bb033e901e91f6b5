import type { PodDetail } from "../../model/event.ts";
import { listAt, numberAt, textAt, type KubeObject } from "../../model/json.ts";

/** Extended resource that GPU plugins register. */
export const GPU_RESOURCE = "nvidia.com/gpu";

/** What a pod is, from the object alone; `gone` is never true here: see `gonePod`. */
export function podDetail(pod: KubeObject): PodDetail {
  const containers = listAt(pod, "status", "containerStatuses");
  const finishedAt = lastEnd(containers);
  return {
    part: pod.metadata.labels?.["ninety/part"] ?? "",
    uid: textAt(pod, "metadata", "uid"),
    node: textAt(pod, "spec", "nodeName"),
    ready: listAt(pod, "status", "conditions").some(
      (one) => textAt(one, "type") === "Ready" && textAt(one, "status") === "True",
    ),
    terminating: textAt(pod, "metadata", "deletionTimestamp") !== "",
    gone: false,
    restarts: containers.reduce<number>(
      (sum, one) => sum + (numberAt(one, "restartCount") ?? 0),
      0,
    ),
    reason: reasonOf(pod, containers),
    devices: containers.flatMap(devicesOf).sort((a, b) => (a.id < b.id ? -1 : 1)),
    ...(finishedAt === "" ? {} : { finishedAt }),
  };
}

/** The same pod after its deletion: whatever it said last, it serves nobody. */
export function gonePod(last: PodDetail): PodDetail {
  return { ...last, ready: false, terminating: true, gone: true };
}

/** The present wait outranks the present end, that the last one, and all the pod's own words. */
function reasonOf(pod: KubeObject, containers: readonly unknown[]): string {
  const paths = [
    ["state", "waiting", "reason"],
    ["state", "terminated", "reason"],
    ["lastState", "terminated", "reason"],
  ] as const;
  for (const path of paths) {
    const found = containers.map((one) => textAt(one, ...path)).find((reason) => reason !== "");
    if (found !== undefined) return found;
  }
  return textAt(pod, "status", "reason");
}

/** The latest of all, or "". RFC 3339 in UTC sorts as text. */
function lastEnd(containers: readonly unknown[]): string {
  return containers
    .flatMap((one) => [
      textAt(one, "state", "terminated", "finishedAt"),
      textAt(one, "lastState", "terminated", "finishedAt"),
    ])
    .reduce((last, end) => (end > last ? end : last), "");
}

function devicesOf(
  container: unknown,
): readonly { readonly id: string; readonly health: string }[] {
  return listAt(container, "allocatedResourcesStatus")
    .filter((one) => textAt(one, "name") === GPU_RESOURCE)
    .flatMap((one) => listAt(one, "resources"))
    .map((one) => ({ id: textAt(one, "resourceID"), health: textAt(one, "health") }));
}

export const isSick = (device: { readonly health: string }): boolean =>
  device.health === "Unhealthy";

/**
 * The word for what changed, the gravest first; null where nothing did. A state can change in more
 * than one way at once: `detail` holds all of it.
 */
export function changeOf(before: PodDetail | undefined, after: PodDetail): string | null {
  if (before === undefined) return after.gone ? null : "added";
  if (after.gone && !before.gone) return "gone";
  if (after.devices.some((one) => isSick(one) && !wasSick(before, one.id))) {
    return "device-unhealthy";
  }
  if (after.restarts > before.restarts) return "restarted";
  if (after.terminating && !before.terminating) return "terminating";
  if (after.ready !== before.ready) return after.ready ? "ready" : "not-ready";
  if (after.devices.some((one) => !isSick(one) && wasSick(before, one.id))) return "device-healthy";
  if (after.node !== before.node) return "scheduled";
  return JSON.stringify(after) === JSON.stringify(before) ? null : "changed";
}

function wasSick(before: PodDetail, id: string): boolean {
  return before.devices.some((one) => one.id === id && isSick(one));
}
