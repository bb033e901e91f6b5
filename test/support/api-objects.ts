// Nodes, pods and deployments at an API server that nobody but the test works on.
import { listAt, textAt, type Json } from "../../src/model/json.ts";
import type { Target } from "../../src/model/target.ts";
import type { Api } from "../../src/ports/api.ts";

export const NAMESPACE = "api-effects";
export const IMAGE = "shop:1";

export async function makeNode(api: Api, name: string): Promise<void> {
  await api.apply({ apiVersion: "v1", kind: "Node", metadata: { name }, spec: {} });
}

export async function makeNamespace(api: Api): Promise<void> {
  await api.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } });
}

/** A pod that runs on a node, of a controller unless it is told otherwise. */
export async function makePod(
  api: Api,
  of: { readonly name: string; readonly node: string; readonly owner?: string | null },
): Promise<Target<"pod">> {
  const { name, node, owner = "ReplicaSet" } = of;
  const controller = {
    apiVersion: "apps/v1",
    kind: owner,
    name: "owner",
    uid: "u",
    controller: true,
  };
  const pod = await api.apply({
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: NAMESPACE,
      labels: { app: name },
      ...(owner === null ? {} : { ownerReferences: [controller] }),
    },
    spec: { nodeName: node, containers: [{ name: "server", image: IMAGE }] },
  });
  // Of a pod that does not run no budget is asked.
  const status = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };
  const path = `api/v1/namespaces/${NAMESPACE}/pods/${name}/status`;
  await api.call({ method: "PATCH", path, body: { status } });
  return { kind: "pod", namespace: NAMESPACE, name, uid: textAt(pod, "metadata", "uid"), node };
}

export async function makeDeployment(api: Api, name: string, replicas: number): Promise<void> {
  await api.apply({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: NAMESPACE },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: "server", image: IMAGE }] },
      },
    },
  });
}

/** A budget for the pod of that name that lets go of so many, as its controller would have it. */
export async function makeBudget(api: Api, pod: string, allowed: 0 | 1): Promise<string> {
  const path = `apis/policy/v1/namespaces/${NAMESPACE}/poddisruptionbudgets/${pod}`;
  await api.apply({
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: pod, namespace: NAMESPACE },
    spec: { minAvailable: 1, selector: { matchLabels: { app: pod } } },
  });
  const status = {
    observedGeneration: 1,
    disruptionsAllowed: allowed,
    currentHealthy: 1 + allowed,
    desiredHealthy: 1,
    expectedPods: 1 + allowed,
  };
  await api.call({ method: "PATCH", path: `${path}/status`, body: { status } });
  return path;
}

/** The type of the condition that says whose disruption it is, with its reason; "": none. */
export function disruption(pod: Json): string {
  const conditions = listAt(pod, "status", "conditions");
  const one = conditions.find((condition) => textAt(condition, "type") === "DisruptionTarget");
  return textAt(one, "reason");
}
