import { at, listAt, textAt, type Json, type KubeObject } from "../../model/json.ts";

/** Where the objects of one kind live. */
export interface Resource {
  readonly plural: string;
  readonly namespaced: boolean;
}

/** Built-in kinds by group, so that applying them costs no discovery; `!` marks cluster scope. */
const BUILT_IN: Readonly<Record<string, string>> = {
  "":
    "pods services configmaps secrets serviceaccounts resourcequotas limitranges endpoints " +
    "events persistentvolumeclaims !namespaces !nodes !persistentvolumes",
  apps: "deployments daemonsets statefulsets replicasets controllerrevisions",
  batch: "jobs cronjobs",
  policy: "poddisruptionbudgets",
  autoscaling: "horizontalpodautoscalers",
  "networking.k8s.io": "networkpolicies ingresses !ingressclasses",
  "discovery.k8s.io": "endpointslices",
  "coordination.k8s.io": "leases",
  "rbac.authorization.k8s.io": "roles rolebindings !clusterroles !clusterrolebindings",
  "scheduling.k8s.io": "!priorityclasses",
  "storage.k8s.io": "!storageclasses !csidrivers !csinodes !volumeattachments",
  "node.k8s.io": "!runtimeclasses",
  "resource.k8s.io": "resourceclaims resourceclaimtemplates !deviceclasses !resourceslices",
  "apiextensions.k8s.io": "!customresourcedefinitions",
  "apiregistration.k8s.io": "!apiservices",
  "admissionregistration.k8s.io":
    "!validatingadmissionpolicies !validatingadmissionpolicybindings " +
    "!validatingwebhookconfigurations !mutatingwebhookconfigurations",
};

/** `NetworkPolicy` is `networkpolicies`, `StorageClass` is `storageclasses`. */
function pluralOf(kind: string): string {
  const lower = kind.toLowerCase();
  if (lower === "endpoints") return lower;
  if (lower.endsWith("y")) return `${lower.slice(0, -1)}ies`;
  return lower.endsWith("s") ? `${lower}es` : `${lower}s`;
}

const groupOf = (apiVersion: string): string =>
  apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";

/** The built-in resource of an apiVersion and kind, or null: ask the server. */
export function builtIn(apiVersion: string, kind: string): Resource | null {
  const plural = pluralOf(kind);
  const words = BUILT_IN[groupOf(apiVersion)]?.split(" ") ?? [];
  if (words.includes(plural)) return { plural, namespaced: true };
  return words.includes(`!${plural}`) ? { plural, namespaced: false } : null;
}

/** Path of all that an apiVersion serves: `api/v1`, `apis/apps/v1`. */
export function groupPath(apiVersion: string): string {
  return apiVersion.includes("/") ? `apis/${apiVersion}` : `api/${apiVersion}`;
}

/** The resource of a kind in what the server answered to GET on its groupPath, or null. */
export function discovered(resources: Json, kind: string): Resource | null {
  const found = listAt(resources, "resources").find(
    (one) => textAt(one, "kind") === kind && !textAt(one, "name").includes("/"),
  );
  if (found === undefined) return null;
  return { plural: textAt(found, "name"), namespaced: at(found, "namespaced") === true };
}

/** Path of one object. Throws where a namespaced object names no namespace. */
export function objectPath(object: KubeObject, resource: Resource): string {
  const { name, namespace } = object.metadata;
  if (resource.namespaced && (namespace === undefined || namespace === "")) {
    throw new Error(`${object.kind} ${name}: metadata.namespace must be set, got nothing`);
  }
  const within = resource.namespaced ? `namespaces/${encodeURIComponent(namespace ?? "")}/` : "";
  return `${groupPath(object.apiVersion)}/${within}${resource.plural}/${encodeURIComponent(name)}`;
}
