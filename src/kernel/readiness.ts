import { at, listAt, numberAt, textAt, type KubeObject } from "../model/json.ts";
import { isTrue } from "./inventory.ts";
import { objectName } from "./kube-path.ts";
import { leastPods } from "./scale.ts";

/** Kinds whose status says whether their pods are there. */
const WORKLOADS = ["DaemonSet", "Deployment", "Job", "Pod", "ReplicaSet", "StatefulSet"];

export function isWorkload({ kind }: KubeObject): boolean {
  return WORKLOADS.includes(kind);
}

/** What a workload still lacks, in words; null: all of its pods are Ready. */
function lackOf(object: KubeObject, least: number): string | null {
  if (object.kind === "Pod") return isTrue(object, "Ready") ? null : "is not Ready";
  const generation = numberAt(object, "metadata", "generation") ?? 0;
  if (
    object.kind !== "Job" &&
    (numberAt(object, "status", "observedGeneration") ?? 0) < generation
  ) {
    return "was not looked at by its controller yet";
  }
  const { ready, what, ...counts } = countsOf(object);
  const wanted = Math.max(counts.wanted, least);
  if (wanted > 0 && ready >= wanted) return null;
  // A DaemonSet that no node takes has nothing to run; a Deployment may be scaled to zero.
  if (wanted === 0 && object.kind !== "DaemonSet") return null;
  return `has ${ready} of ${wanted} pods ${what}`;
}

function countsOf(object: KubeObject): { wanted: number; ready: number; what: string } {
  switch (object.kind) {
    case "DaemonSet": {
      const wanted = numberAt(object, "status", "desiredNumberScheduled") ?? 0;
      return { wanted, ready: numberAt(object, "status", "numberReady") ?? 0, what: "Ready" };
    }
    case "Job": {
      const wanted = numberAt(object, "spec", "completions") ?? 1;
      return { wanted, ready: numberAt(object, "status", "succeeded") ?? 0, what: "completed" };
    }
    default: {
      const wanted = numberAt(object, "spec", "replicas") ?? 1;
      return { wanted, ready: numberAt(object, "status", "readyReplicas") ?? 0, what: "Ready" };
    }
  }
}

/**
 * Every workload that is not whole, and why its pods are not Ready; empty: all is there. One that
 * an autoscaler among `objects` scales is whole with as many as that keeps at the least.
 */
export function missing(
  workloads: readonly KubeObject[],
  pods: readonly KubeObject[],
  objects: readonly KubeObject[] = [],
): readonly string[] {
  const lacking = workloads.flatMap((object) => {
    const lack = lackOf(object, leastPods(object, objects));
    return lack === null ? [] : [`${objectName(object)} ${lack}`];
  });
  if (lacking.length === 0) return [];
  const waiting = pods.filter((pod) => !isTrue(pod, "Ready") && !isDone(pod));
  return [...lacking, ...waiting.map((pod) => `${objectName(pod)}: ${whyNotReady(pod)}`)];
}

function isDone(pod: KubeObject): boolean {
  return textAt(pod, "status", "phase") === "Succeeded";
}

/** Why a pod is not Ready: not scheduled, waiting, ended, or its probe says no. */
export function whyNotReady(pod: KubeObject): string {
  const unscheduled = listAt(pod, "status", "conditions").find(
    (one) => textAt(one, "type") === "PodScheduled" && textAt(one, "status") === "False",
  );
  if (unscheduled) return `not scheduled: ${textAt(unscheduled, "message")}`;
  const statuses = [
    ...listAt(pod, "status", "initContainerStatuses"),
    ...listAt(pod, "status", "containerStatuses"),
  ];
  const reasons = statuses.flatMap(reasonOf);
  if (reasons.length > 0) return reasons.join("; ");
  const phase = textAt(pod, "status", "phase") || "no phase yet";
  return [phase, textAt(pod, "status", "message")].filter((text) => text !== "").join(": ");
}

function reasonOf(status: unknown): readonly string[] {
  if (at(status, "ready") === true) return [];
  const name = textAt(status, "name");
  const restarts = numberAt(status, "restartCount") ?? 0;
  const ended = at(status, "lastState", "terminated") ?? at(status, "state", "terminated");
  const last = ended
    ? ` (last end: ${textAt(ended, "reason")}, exit ${numberAt(ended, "exitCode")}, ` +
      `${restarts} restarts)`
    : "";
  const waiting = at(status, "state", "waiting");
  if (waiting) {
    const message = textAt(waiting, "message");
    const why = message === "" ? "" : `: ${message}`;
    return [`${name} waits: ${textAt(waiting, "reason")}${why}${last}`];
  }
  if (at(status, "state", "running")) return [`${name} runs, its readiness probe fails${last}`];
  return ended ? [`${name} ended${last}`] : [];
}
