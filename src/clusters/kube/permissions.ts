import { messageOf } from "../../model/error.ts";
import { at, type Json } from "../../model/json.ts";
import { ApiError, type Api } from "../../ports/api.ts";
import { serverMessage } from "./answer.ts";

/** One thing that a run does on a cluster. */
export interface Permission {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
}

/** `group/resource/subresource: verbs`, cluster-wide: to look, to delete a pod, and to be the only run. */
const LOOKS: Readonly<Record<string, string>> = {
  "/nodes/": "get list watch",
  "/nodes/proxy": "get",
  "/pods/": "get list watch delete",
  "/pods/proxy": "get create",
  "/services/": "get",
  "/namespaces/": "get",
  "policy/poddisruptionbudgets/": "list",
  "discovery.k8s.io/endpointslices/": "list watch",
  "coordination.k8s.io/leases/": "get create patch delete",
};

/** What a run with parts of its own does besides: in its own namespaces, and with our agents. */
const CHANGES: Readonly<Record<string, string>> = {
  "/namespaces/": "create patch delete",
  "/pods/exec": "get create",
  "/services/": "create patch",
  "/configmaps/": "get create patch",
  "/serviceaccounts/": "get create patch",
  "/resourcequotas/": "get create patch",
  "apps/deployments/": "get list create patch delete",
  "apps/daemonsets/": "get list create patch delete",
  "autoscaling/horizontalpodautoscalers/": "get list create patch",
  "policy/poddisruptionbudgets/": "get create patch",
  "rbac.authorization.k8s.io/clusterroles/": "get create patch delete",
  "rbac.authorization.k8s.io/clusterrolebindings/": "get create patch delete",
  "rbac.authorization.k8s.io/roles/": "get create patch",
  "rbac.authorization.k8s.io/rolebindings/": "get create patch",
};

/** What a guard may do, and whoever deploys one therefore too. */
const GUARDS: Readonly<Record<string, string>> = {
  "/nodes/": "patch",
  "/pods/": "patch",
};
const EVICTS: Readonly<Record<string, string>> = { "/pods/eviction": "create" };
const AT_ONCE = 8;

/** What a run needs: one that brings nothing of its own only looks, and deletes pods. */
export function permissionsFor(of: {
  readonly changes: boolean;
  /** Default false. */
  readonly guarded?: boolean;
  /** Default false. */
  readonly evicts?: boolean;
}): readonly Permission[] {
  const { changes, guarded = false, evicts = false } = of;
  const all = [
    LOOKS,
    ...(changes ? [CHANGES] : []),
    ...(guarded ? [GUARDS] : []),
    ...(guarded || evicts ? [EVICTS] : []),
  ];
  return all.flatMap((needed) =>
    Object.entries(needed).flatMap(([key, verbs]) => {
      const [group = "", resource = "", subresource = ""] = key.split("/");
      return verbs.split(" ").map((verb) => ({ verb, group, resource, subresource }));
    }),
  );
}

/** `create pods/exec`, `patch deployments.apps`. */
export function showPermission({ verb, group, resource, subresource }: Permission): string {
  const whole = subresource === "" ? resource : `${resource}/${subresource}`;
  return `${verb} ${whole}${group === "" ? "" : `.${group}`}`;
}

/**
 * Those of `needed` that the API server says this user lacks. Throws ApiError when it could not be
 * asked.
 */
export async function missingPermissions(
  api: Api,
  needed: readonly Permission[],
  signal: AbortSignal,
): Promise<readonly Permission[]> {
  const missing: Permission[] = [];
  for (let from = 0; from < needed.length; from += AT_ONCE) {
    const some = needed.slice(from, from + AT_ONCE);
    const allowed = await Promise.all(some.map((one) => mayI(api, one, signal)));
    missing.push(...some.filter((_, index) => allowed[index] !== true));
  }
  return missing;
}

async function mayI(api: Api, permission: Permission, signal: AbortSignal): Promise<boolean> {
  const path = "apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
  const review = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SelfSubjectAccessReview",
    spec: { resourceAttributes: { ...permission } },
  };
  const { status, body } = await api.call({ method: "POST", path, body: review }, signal);
  if (status !== 201) {
    throw new ApiError(`POST ${path}: ${status}: ${serverMessage(body)}`, status);
  }
  try {
    return at(JSON.parse(body) as Json, "status", "allowed") === true;
  } catch (error) {
    throw new ApiError(`POST ${path}: must answer JSON: ${messageOf(error)}`, 0, error);
  }
}
