// Nodes and pods as an API server gives them, made short.
import type { KubeObject } from "../../src/model/json.ts";
import type { PlannedPart } from "../../src/model/plan.ts";
import { inventoryOf, RUN_LABEL, type Placement } from "../../src/kernel/inventory.ts";

export const RUN = "r1";

export interface PodOf {
  readonly name: string;
  readonly node: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly part?: string;
  readonly ready?: boolean;
  readonly gpus?: number;
  /** Kind and uid of its controller: `ReplicaSet dns`. */
  readonly owner?: string;
  readonly spec?: object;
  readonly annotations?: Readonly<Record<string, string>>;
}

export function podOf(of: PodOf): KubeObject {
  const { name, node, part, ready = true, gpus = 0, owner, spec = {}, annotations = {} } = of;
  const { namespace = part === undefined ? "other" : "ninety-sample" } = of;
  const [kind = "", uid = ""] = owner?.split(" ") ?? [];
  const own = part === undefined ? {} : { "ninety/part": part, [RUN_LABEL]: RUN };
  const resources = Array.from({ length: gpus }, (_, nth) => ({ resourceID: `${name}-${nth}` }));
  const metadata = {
    name,
    namespace,
    uid: `uid-${name}`,
    labels: { ...own, ...of.labels },
    annotations,
    ...(owner === undefined ? {} : { ownerReferences: [{ kind, uid, controller: true }] }),
  };
  const limits = gpus > 0 ? { "nvidia.com/gpu": String(gpus) } : {};
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata,
    spec: { nodeName: node, containers: [{ name: "c", resources: { limits } }], ...spec },
    status: {
      phase: "Running",
      conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
      containerStatuses: [{ allocatedResourcesStatus: [{ name: "nvidia.com/gpu", resources }] }],
    },
  };
}

export function nodeOf(name: string, gpus: number, more: object = {}): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { pool: name === "n1" ? "a" : "b" } },
    spec: more,
    status: {
      conditions: [{ type: "Ready", status: "True" }],
      allocatable: { "nvidia.com/gpu": String(gpus) },
    },
  };
}

export function placementOf(
  stack: readonly PlannedPart[],
  pods: readonly KubeObject[],
  nodes: readonly KubeObject[],
): Placement {
  return { nodes, pods, inventory: inventoryOf({ stack, run: RUN, pods, nodes }) };
}
