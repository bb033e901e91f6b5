import type { KubeObject } from "../../src/model/json.ts";
import type { Part } from "../../src/ports/author.ts";
import { GUARD } from "../../src/model/guard-pod.ts";
import {
  labelsOf,
  partObject,
  PROGRAMS_IMAGE,
  selectorOf,
  SYSTEM_NAMESPACE,
  systemNamespace,
  UNPRIVILEGED_CONTAINER,
  UNPRIVILEGED_POD,
} from "./objects.ts";

const PART = GUARD.part;
const ROLE = "ninety-guard";
const CONFIG = "/etc/ninety";
const RUN = "/run/ninety";
const SOCKET = `${RUN}/guard.sock`;
const JOURNAL = "/var/lib/ninety/effects";
const ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/** What the guard may do, cluster-wide: what its kinds of effects take, and nothing else. */
const RULES = [
  { apiGroups: [""], resources: ["nodes"], verbs: ["get", "patch"] },
  { apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "patch"] },
  { apiGroups: [""], resources: ["pods/eviction"], verbs: ["create"] },
  { apiGroups: ["apps"], resources: ["deployments"], verbs: ["get", "patch"] },
] as const;

/**
 * The guard of a cluster that has none outside of it: one pod that holds changes of API objects
 * and ends them when nobody renews them. Nothing listens on a port. Its journal ends with the pod,
 * which puts everything back at its end.
 */
export function guard(): Part {
  const planned = {
    part: PART,
    objects: [systemNamespace(PART), ...access(), configuration(), deployment()],
    selector: selectorOf(PART),
    replicas: 1,
    gpusPerPod: 0,
    service: null,
  };
  return { part: PART, planned, problems: [] };
}

function access(): readonly KubeObject[] {
  const rbac = "rbac.authorization.k8s.io";
  const account = { name: PART, namespace: SYSTEM_NAMESPACE };
  return [
    partObject(PART, { apiVersion: "v1", kind: "ServiceAccount", ...account }),
    partObject(PART, {
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRole",
      name: ROLE,
      rules: RULES,
    }),
    partObject(PART, {
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRoleBinding",
      name: ROLE,
      roleRef: { apiGroup: rbac, kind: "ClusterRole", name: ROLE },
      subjects: [{ kind: "ServiceAccount", ...account }],
    }),
  ];
}

/** By address: a guard must find the API server also while names are not answered for. */
function configuration(): KubeObject {
  const config = {
    socketPath: SOCKET,
    journalFolder: JOURNAL,
    api: { server: null, caFile: `${ACCOUNT}/ca.crt`, tokenFile: `${ACCOUNT}/token` },
    machines: {},
  };
  return partObject(PART, {
    apiVersion: "v1",
    kind: "ConfigMap",
    name: PART,
    namespace: SYSTEM_NAMESPACE,
    data: { "guard.json": JSON.stringify(config) },
  });
}

function deployment(): KubeObject {
  const volume = (name: string, mountPath: string, source: object): object[] => [
    { name, ...source },
    { name, mountPath },
  ];
  const volumes = [
    volume("config", CONFIG, { configMap: { name: PART } }),
    volume("socket", RUN, { emptyDir: { medium: "Memory", sizeLimit: "1Mi" } }),
    volume("journal", JOURNAL, { emptyDir: { sizeLimit: "16Mi" } }),
  ];
  const container = {
    name: GUARD.container,
    image: PROGRAMS_IMAGE,
    imagePullPolicy: "IfNotPresent",
    args: ["/app/src/agents/init.ts", "guard.ts", "--config", `${CONFIG}/guard.json`],
    // Where whoever asks it connects to.
    env: [{ name: "NINETY_AGENT_SOCKET", value: SOCKET }],
    resources: { requests: { cpu: "20m", memory: "64Mi" } },
    securityContext: UNPRIVILEGED_CONTAINER,
    volumeMounts: volumes.map(([, mount]) => mount),
  };
  return partObject(PART, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    name: PART,
    namespace: SYSTEM_NAMESPACE,
    spec: {
      replicas: 1,
      revisionHistoryLimit: 2,
      strategy: { type: "Recreate" },
      selector: { matchLabels: labelsOf(PART) },
      template: {
        metadata: { labels: labelsOf(PART) },
        spec: {
          ...UNPRIVILEGED_POD,
          automountServiceAccountToken: true,
          serviceAccountName: PART,
          // It taints and cordons nodes, also its own.
          tolerations: [{ operator: "Exists" }],
          terminationGracePeriodSeconds: 30,
          containers: [container],
          volumes: volumes.map(([source]) => source),
        },
      },
    },
  });
}
