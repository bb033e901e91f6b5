import { at, listAt, numberAt, textAt, type KubeObject } from "../model/json.ts";
import type { PlannedPart } from "../model/plan.ts";
import type { Target } from "../model/target.ts";

/** The label that every object of a run carries. */
export const RUN_LABEL = "ninety/run";
const GPU_RESOURCE = "nvidia.com/gpu";

export interface InventoryNode {
  readonly name: string;
  readonly ready: boolean;
  readonly schedulable: boolean;
  readonly gpus: number;
}

export interface InventoryPod {
  readonly target: Target<"pod">;
  /** Ready and not on its way out: what a fault may meet. */
  readonly ready: boolean;
  /** Device ids that the kubelet gave it. */
  readonly devices: readonly string[];
}

/** What is there now, sorted by keys that are the same in every run with the same placement. */
export interface Inventory {
  readonly nodes: readonly InventoryNode[];
  readonly pods: Readonly<Record<string, readonly InventoryPod[]>>;
}

/** From lists as the API server gives them; `pods` may hold those of other runs. */
export function inventoryOf(of: {
  readonly stack: readonly PlannedPart[];
  readonly run: string;
  readonly pods: readonly KubeObject[];
  readonly nodes: readonly KubeObject[];
}): Inventory {
  const own = of.pods.filter((pod) => pod.metadata.labels?.[RUN_LABEL] === of.run);
  const nodes = of.nodes.map(nodeOf).sort(by(({ name }) => name));
  const pods = of.stack.map(({ part, selector }) => {
    const matching = selector === null ? [] : own.filter((pod) => selects(selector, pod));
    const key = ({ target }: InventoryPod): string => `${target.node} ${target.name}`;
    return [part, matching.map(podOf).sort(by(key))] as const;
  });
  return { nodes, pods: Object.fromEntries(pods) };
}

function by<T>(key: (of: T) => string): (a: T, b: T) => number {
  return (a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
}

/** Whether a pod carries all of `key=value,key=value`. */
function selects(selector: string, pod: KubeObject): boolean {
  return selector.split(",").every((term) => {
    const [key = "", wanted = ""] = term.split("=", 2).map((side) => side.trim());
    return pod.metadata.labels?.[key] === wanted;
  });
}

function nodeOf(node: KubeObject): InventoryNode {
  const taints = listAt(node, "spec", "taints").map((taint) => textAt(taint, "effect"));
  return {
    name: node.metadata.name,
    ready: isTrue(node, "Ready"),
    schedulable: at(node, "spec", "unschedulable") !== true && !taints.includes("NoSchedule"),
    gpus: numberAt(node, "status", "allocatable", GPU_RESOURCE) ?? 0,
  };
}

function podOf(pod: KubeObject): InventoryPod {
  const { name, namespace = "" } = pod.metadata;
  const uid = textAt(pod, "metadata", "uid");
  const leaving = textAt(pod, "metadata", "deletionTimestamp") !== "";
  const ended = ["Succeeded", "Failed"].includes(textAt(pod, "status", "phase"));
  return {
    target: { kind: "pod", namespace, name, uid, node: textAt(pod, "spec", "nodeName") },
    ready: isTrue(pod, "Ready") && !leaving && !ended,
    devices: devicesOf(pod),
  };
}

/** Whether a condition of that type is True. */
export function isTrue(object: unknown, type: string): boolean {
  return listAt(object, "status", "conditions").some(
    (one) => textAt(one, "type") === type && textAt(one, "status") === "True",
  );
}

function devicesOf(pod: KubeObject): readonly string[] {
  const ids = listAt(pod, "status", "containerStatuses")
    .flatMap((status) => listAt(status, "allocatedResourcesStatus"))
    .filter((resource) => textAt(resource, "name") === GPU_RESOURCE)
    .flatMap((resource) => listAt(resource, "resources"))
    .map((device) => textAt(device, "resourceID"))
    .filter((id) => id !== "");
  return [...new Set(ids)].sort();
}
