import type { KubeObject } from "../../src/model/json.ts";
import type { PlannedPart } from "../../src/model/plan.ts";

export { PROGRAMS_IMAGE } from "../../src/model/plan.ts";

/** Where add-ons live that belong to the cluster and not to one run. */
export const SYSTEM_NAMESPACE = "ninety-system";
/** Name of a part, of its objects and of its Service: a DNS label that leaves room for a suffix. */
export const NAME_PATTERN = /^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/;
export const NAME_RULE = "1 to 40 of a-z, 0-9 and -, beginning with a letter";

/** The label that a part's selector asks for. */
export function labelsOf(part: string): Readonly<Record<string, string>> {
  return { "ninety/part": part };
}

export function selectorOf(part: string): string {
  return `ninety/part=${part}`;
}

/** An object of a part: name, label, and whatever else it has. */
export function partObject(
  part: string,
  of: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly name: string;
    readonly namespace?: string;
    readonly [field: string]: unknown;
  },
): KubeObject {
  const { apiVersion, kind, name, namespace, ...rest } = of;
  return {
    apiVersion,
    kind,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), labels: labelsOf(part) },
    ...rest,
  };
}

export function systemNamespace(part: string): KubeObject {
  return partObject(part, { apiVersion: "v1", kind: "Namespace", name: SYSTEM_NAMESPACE });
}

/** A variable that the kubelet fills in from the pod. */
export function fromPod(
  name: string,
  fieldPath: string,
): { readonly name: string; readonly valueFrom: unknown } {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}

/** For a pod that needs no rights at all: not root, nothing writable, no service account token. */
export const UNPRIVILEGED_POD = {
  automountServiceAccountToken: false,
  enableServiceLinks: false,
  securityContext: {
    runAsNonRoot: true,
    runAsUser: 65_532,
    runAsGroup: 65_532,
    seccompProfile: { type: "RuntimeDefault" },
  },
} as const;
export const UNPRIVILEGED_CONTAINER = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
} as const;

/** What stands for a part whose options are wrong: nothing, and its problems are told. */
export function nothingPlanned(part: string): PlannedPart {
  return { part, objects: [], selector: null, replicas: null, gpusPerPod: 0, service: null };
}
