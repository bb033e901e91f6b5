import { AGENT } from "./agent-pod.ts";
import { listAt, textAt } from "./json.ts";

/**
 * Whether a drain takes that pod away: not what its DaemonSet would start there again, no mirror
 * of a static pod, nothing that nobody would start elsewhere, nothing that ended, none of ours.
 */
export function goesAtDrain(pod: unknown): boolean {
  const owner = listAt(pod, "metadata", "ownerReferences").find(
    (one) => (one as { readonly controller?: unknown }).controller === true,
  );
  const phase = textAt(pod, "status", "phase");
  return (
    owner !== undefined &&
    textAt(owner, "kind") !== "DaemonSet" &&
    textAt(pod, "metadata", "annotations", "kubernetes.io/config.mirror") === "" &&
    phase !== "Succeeded" &&
    phase !== "Failed" &&
    textAt(pod, "metadata", "namespace") !== AGENT.namespace
  );
}

/** The pods of a node, as a path of the API. */
export function podsOnNode(node: string): string {
  return `api/v1/pods?fieldSelector=${encodeURIComponent(`spec.nodeName=${node}`)}`;
}
