import {
  at,
  listAt,
  numberAt,
  textAt,
  type JsonObject,
  type KubeObject,
} from "../../model/json.ts";
import type { ClusterPlan } from "../../model/plan.ts";

const GPU = "nvidia.com/gpu";
/** Device health is in the pod status from here on. */
const HEALTH_MINOR = 36;

/** A node as environment.json tells it. */
export function showNode(node: KubeObject): JsonObject {
  const info = (name: string): string => textAt(node, "status", "nodeInfo", name);
  return {
    name: node.metadata.name,
    ready: isReady(node),
    kubelet: info("kubeletVersion"),
    runtime: info("containerRuntimeVersion"),
    kernel: info("kernelVersion"),
    os: info("osImage"),
    architecture: info("architecture"),
    cpus: numberAt(node, "status", "capacity", "cpu") ?? 0,
    memory: textAt(node, "status", "capacity", "memory"),
    gpus: gpuCapacity(node),
    zone: node.metadata.labels?.["topology.kubernetes.io/zone"] ?? "",
  };
}

function isReady(node: KubeObject): boolean {
  return listAt(node, "status", "conditions").some(
    (one) => textAt(one, "type") === "Ready" && textAt(one, "status") === "True",
  );
}

function gpuCapacity(node: KubeObject): number {
  return numberAt(node, "status", "capacity", GPU) ?? 0;
}

/** Nodes that pods of a run can be scheduled to. */
export function workers(nodes: readonly KubeObject[]): readonly KubeObject[] {
  return nodes.filter(
    (node) =>
      at(node, "spec", "unschedulable") !== true &&
      !listAt(node, "spec", "taints").some((taint) =>
        /^node-role\.kubernetes\.io\/(control-plane|master)$/.test(textAt(taint, "key")),
      ),
  );
}

/** NVIDIA's device plugin as a DaemonSet, from its chart, its operator or a cloud's own build. */
const REAL_PLUGIN = /nvidia.*device-plugin|nvidia.*gpu-operator|nvidia-gpu-device-plugin/;

/** Real GPUs: NVIDIA's own plugin is there, and nodes offer what it registers. */
export function hasRealGpus(
  nodes: readonly KubeObject[],
  daemonSets: readonly KubeObject[],
): boolean {
  const plugin = daemonSets.some((set) =>
    listAt(set, "spec", "template", "spec", "containers").some((container) =>
      REAL_PLUGIN.test(textAt(container, "image")),
    ),
  );
  return plugin && nodes.some((node) => gpuCapacity(node) > 0);
}

/** Where the cluster is not what the experiment asked for, a sentence each. */
export function differences(
  asked: ClusterPlan,
  nodes: readonly KubeObject[],
  minor: number,
): readonly string[] {
  const able = workers(nodes);
  const told: string[] = [];
  if (able.length !== asked.nodes) {
    told.push(`The experiment asks for ${asked.nodes} worker nodes; there are ${able.length}.`);
  }
  const others = able.filter((node) => gpuCapacity(node) !== asked.gpusPerNode);
  if (others.length > 0) {
    const counts = others
      .map((node) => `${node.metadata.name} has ${gpuCapacity(node)}`)
      .join(", ");
    told.push(`The experiment asks for ${asked.gpusPerNode} GPUs a node; ${counts}.`);
  }
  const settings = [
    ["node grace period", asked.nodeGraceMs],
    ["node lease duration", asked.nodeLeaseMs],
    ["crash-loop back-off cap", asked.backoffMaxMs],
  ] as const;
  for (const [name, value] of settings) {
    if (value !== null) {
      told.push(`The experiment asks for a ${name} of ${value} ms; this cluster keeps its own.`);
    }
  }
  if (minor < HEALTH_MINOR) {
    told.push(`Kubernetes 1.${minor} does not tell device health in the pod status; 1.36 does.`);
  }
  return told;
}

/** What is not yet so: every worker Ready, every GPU that is there allocatable. */
export function notReady(nodes: readonly KubeObject[]): readonly string[] {
  const able = workers(nodes);
  if (able.length === 0) return ["worker nodes: must be at least 1, got 0"];
  return able.flatMap((node) => {
    const name = `node ${node.metadata.name}`;
    if (!isReady(node)) return [`${name}: must be Ready`];
    const allocatable = numberAt(node, "status", "allocatable", GPU) ?? 0;
    const capacity = gpuCapacity(node);
    return allocatable === capacity
      ? []
      : [`${name}: all of its ${capacity} GPUs must be allocatable, got ${allocatable}`];
  });
}
