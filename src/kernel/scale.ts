import { messageOf } from "../model/error.ts";
import { numberAt, textAt, type KubeObject } from "../model/json.ts";
import type { Plan, PlannedPart } from "../model/plan.ts";
import { ApiError, type Api } from "../ports/api.ts";

/** How many pods a part can have; both the same where it does not scale. */
export interface PodBounds {
  readonly least: number;
  readonly most: number;
}

const AUTOSCALER = "HorizontalPodAutoscaler";

/** Null: the plan does not say, as with one pod on each node. */
export function podBounds({ replicas, objects }: PlannedPart): PodBounds | null {
  if (replicas !== null) return { least: replicas, most: replicas };
  const found = objects.find(({ kind }) => kind === AUTOSCALER);
  return found ? boundsOf(found) : null;
}

function boundsOf(autoscaler: KubeObject): PodBounds {
  const least = numberAt(autoscaler, "spec", "minReplicas") ?? 1;
  return { least, most: numberAt(autoscaler, "spec", "maxReplicas") ?? least };
}

/** Whether an autoscaler is among the objects of the part. */
export function scales({ objects }: Pick<PlannedPart, "objects">): boolean {
  return objects.some(({ kind }) => kind === AUTOSCALER);
}

/** Pods that the autoscaler of a workload keeps at the least; 0 where it has none. */
export function leastPods(workload: KubeObject, objects: readonly KubeObject[]): number {
  const { kind, metadata } = workload;
  const own = objects.find(
    (one) =>
      one.kind === AUTOSCALER &&
      one.metadata.namespace === metadata.namespace &&
      textAt(one, "spec", "scaleTargetRef", "kind") === kind &&
      textAt(one, "spec", "scaleTargetRef", "name") === metadata.name,
  );
  return own ? boundsOf(own).least : 0;
}

const METRICS = "v1beta1.metrics.k8s.io";

/**
 * What an autoscaler of the plan would ask in vain: the metrics API must be served, unless the plan
 * brings it. Asked by its own discovery, which every user may.
 */
export async function metricsProblems(
  plan: Plan,
  { api, signal }: { readonly api: Api; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const scaling = plan.stack.filter(scales).map(({ part }) => part);
  const brought = plan.stack.some(({ objects }) =>
    objects.some(({ kind, metadata }) => kind === "APIService" && metadata.name === METRICS),
  );
  if (scaling.length === 0 || brought) return [];
  const got = await api.get("apis/metrics.k8s.io/v1beta1", signal).then(
    (found) => (found === null ? "none" : null),
    (error: unknown) => {
      if (error instanceof ApiError && error.status !== 0) return messageOf(error);
      throw error;
    },
  );
  if (got === null) return [];
  return [
    `${scaling.join(", ")} scales on CPU: APIService ${METRICS} must be Available, got ${got}`,
  ];
}
