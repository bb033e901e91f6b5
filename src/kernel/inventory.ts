import { at, listAt, numberAt, textAt, type KubeObject } from "../model/json.ts";
import type { PlannedPart } from "../model/plan.ts";
import type { Target } from "../model/target.ts";
import type { Api } from "../ports/api.ts";
import { selects } from "./selector.ts";

/** The label that every object of a run carries. */
export const RUN_LABEL = "ninety/run";
export const GPU_RESOURCE = "nvidia.com/gpu";

export interface InventoryNode {
  readonly name: string;
  readonly ready: boolean;
  readonly schedulable: boolean;
  readonly gpus: number;
}

export interface InventoryPod {
  readonly target: Target<"pod">;
  /** Of the pod in the cluster's network; "": it has none yet. */
  readonly address: string;
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

/** What is there now of these parts, as the API server tells it. */
export async function readInventory(of: Asked, signal: AbortSignal): Promise<Inventory> {
  return (await readPlacement({ ...of, whole: false }, signal)).inventory;
}

interface Asked {
  readonly stack: readonly PlannedPart[];
  readonly run: string;
  readonly api: Api;
}

/** Which pods run where, as objects of the API server, and the parts among them. */
export interface Placement {
  readonly nodes: readonly KubeObject[];
  readonly pods: readonly KubeObject[];
  readonly inventory: Inventory;
}

/** `whole`: all pods of the cluster, else those of the parts alone. */
export async function readPlacement(
  of: Asked & { readonly whole: boolean },
  signal: AbortSignal,
): Promise<Placement> {
  const { stack, run, api, whole } = of;
  const paths = whole ? ["api/v1/pods"] : podPaths(stack, run);
  const [nodes = [], ...lists] = await Promise.all(
    ["api/v1/nodes", ...paths].map(async (path) => api.list(path, signal)),
  );
  // Two parts may have some pods in common.
  const byUid = new Map(lists.flat().map((pod) => [textAt(pod, "metadata", "uid"), pod]));
  const pods = [...byUid.values()];
  return { nodes, pods, inventory: inventoryOf({ stack, run, pods, nodes }) };
}

/** Pods of the run wherever it put them; of what was there before only what is asked for. */
function podPaths(stack: readonly PlannedPart[], run: string): readonly string[] {
  const labelled = (label: string): string => `pods?labelSelector=${encodeURIComponent(label)}`;
  const there = stack.flatMap(({ existing, selector }) =>
    existing && selector !== null
      ? [`api/v1/namespaces/${existing.namespace}/${labelled(selector)}`]
      : [],
  );
  const ours = stack.some(({ existing }) => !existing);
  return [...(ours ? [`api/v1/${labelled(`${RUN_LABEL}=${run}`)}`] : []), ...new Set(there)];
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
  const pods = of.stack.map(({ part, selector, existing }) => {
    const there = existing
      ? of.pods.filter(({ metadata }) => metadata.namespace === existing.namespace)
      : own;
    const matching =
      selector === null ? [] : there.filter(({ metadata }) => selects(selector, metadata.labels));
    const key = ({ target }: InventoryPod): string => `${target.node} ${target.name}`;
    return [part, matching.map(podOf).sort(by(key))] as const;
  });
  return { nodes, pods: Object.fromEntries(pods) };
}

function by<T>(key: (of: T) => string): (a: T, b: T) => number {
  return (a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0);
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
  return {
    target: { kind: "pod", namespace, name, uid, node: textAt(pod, "spec", "nodeName") },
    address: textAt(pod, "status", "podIP"),
    ready: isServing(pod),
    devices: devicesOf(pod),
  };
}

/** Ready and not on its way out. */
export function isServing(pod: KubeObject): boolean {
  const leaving = textAt(pod, "metadata", "deletionTimestamp") !== "";
  return isTrue(pod, "Ready") && !leaving && !hasEnded(pod);
}

/** Its containers are over, and what it had is free. */
export function hasEnded(pod: KubeObject): boolean {
  return ["Succeeded", "Failed"].includes(textAt(pod, "status", "phase"));
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
