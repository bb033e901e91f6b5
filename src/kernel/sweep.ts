import type { KubeObject } from "../model/json.ts";
import { ApiError, type Api } from "../ports/api.ts";
import { RUN_LABEL } from "./inventory.ts";
import { listPath, type Kind } from "./kube-path.ts";

/** Kinds that are looked through whatever the plan holds. */
const KINDS: readonly Kind[] = [
  ...["Namespace", "Pod", "Service", "ConfigMap", "Secret", "ServiceAccount", "ResourceQuota"].map(
    (kind) => ({ apiVersion: "v1", kind }),
  ),
  ...["Deployment", "DaemonSet", "StatefulSet"].map((kind) => ({ apiVersion: "apps/v1", kind })),
  ...["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"].map((kind) => ({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind,
  })),
  { apiVersion: "policy/v1", kind: "PodDisruptionBudget" },
  { apiVersion: "scheduling.k8s.io/v1", kind: "PriorityClass" },
];

/** Objects with a run's label, of the usual kinds and those in `planned`. */
export async function labelled(
  api: Api,
  of: {
    /** Of that run, or of any. */
    readonly run: string | null;
    readonly planned: readonly KubeObject[];
    readonly signal: AbortSignal;
  },
): Promise<readonly KubeObject[]> {
  const label = encodeURIComponent(of.run === null ? RUN_LABEL : `${RUN_LABEL}=${of.run}`);
  const kinds = new Map(
    [...KINDS, ...of.planned].map(({ apiVersion, kind }) => [
      listPath({ apiVersion, kind }),
      { apiVersion, kind },
    ]),
  );
  const lists = await Promise.all(
    [...kinds].map(async ([path, kind]) => {
      const items = await listOrNone(api, `${path}?labelSelector=${label}`, of.signal);
      // Items of a list do not say what they are.
      return items.map((item): KubeObject => ({ ...item, ...kind }));
    }),
  );
  return lists.flat();
}

/** A kind that the cluster does not know has no objects. */
async function listOrNone(
  api: Api,
  path: string,
  signal: AbortSignal,
): Promise<readonly KubeObject[]> {
  try {
    return await api.list(path, signal);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return [];
    throw error;
  }
}
