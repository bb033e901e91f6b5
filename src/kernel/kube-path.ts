import type { KubeObject } from "../model/json.ts";
import { isClusterScoped } from "../model/scope.ts";

export interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
}

/** `api/v1/pods`, `apis/apps/v1/deployments`: all of a kind, in all namespaces. */
export function listPath(of: Kind): string {
  return `${groupPath(of.apiVersion)}/${plural(of.kind)}`;
}

/** `apis/apps/v1/namespaces/x/deployments/server`. */
export function objectPath(object: KubeObject): string {
  const { apiVersion, kind } = object;
  const { name, namespace } = object.metadata;
  const inside = isClusterScoped(object) ? "" : `/namespaces/${namespace ?? "default"}`;
  return `${groupPath(apiVersion)}${inside}/${plural(kind)}/${name}`;
}

/** The command that takes it away by hand. */
export function removeCommand(object: KubeObject): string {
  const { name, namespace } = object.metadata;
  const inside = isClusterScoped(object) ? "" : ` --namespace ${namespace ?? "default"}`;
  return `kubectl delete ${object.kind.toLowerCase()} ${name}${inside}`;
}

/** `pod ninety-x/server-abc`. */
export function objectName(object: KubeObject): string {
  const { name, namespace } = object.metadata;
  const full = isClusterScoped(object) ? name : `${namespace ?? "default"}/${name}`;
  return `${object.kind.toLowerCase()} ${full}`;
}

function groupPath(apiVersion: string): string {
  return apiVersion.includes("/") ? `apis/${apiVersion}` : `api/${apiVersion}`;
}

/** As the API machinery guesses resource names. */
function plural(kind: string): string {
  const name = kind.toLowerCase();
  if (name === "endpoints") return name;
  if (name.endsWith("s")) return `${name}es`;
  return name.endsWith("y") ? `${name.slice(0, -1)}ies` : `${name}s`;
}
