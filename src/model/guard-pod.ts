import { AGENT } from "./agent-pod.ts";
import { at, listAt, textAt, type KubeObject } from "./json.ts";

/** The pod of the guard, where there is one in the cluster. */
export const GUARD = {
  namespace: AGENT.namespace,
  part: "guard",
  container: "guard",
} as const;

/** Of pods in its namespace, the one where the guard runs; null: there is none. Pure. */
export function guardIn(
  pods: readonly KubeObject[],
): { readonly namespace: string; readonly name: string; readonly container: string } | null {
  const pod = pods.find(
    (one) =>
      one.metadata.labels?.["ninety/part"] === GUARD.part &&
      at(one, "metadata", "deletionTimestamp") === undefined &&
      listAt(one, "status", "containerStatuses").some(
        (status) =>
          textAt(status, "name") === GUARD.container &&
          at(status, "state", "running") !== undefined,
      ),
  );
  if (pod === undefined) return null;
  return { namespace: GUARD.namespace, name: pod.metadata.name, container: GUARD.container };
}
