import type { KubeObject } from "../../src/model/json.ts";
import type { Part } from "../../src/ports/author.ts";
import {
  labelsOf,
  partObject,
  selectorOf,
  UNPRIVILEGED_CONTAINER,
  UNPRIVILEGED_POD,
} from "./objects.ts";
import { leaveLostNode } from "./spread.ts";

/** Name of the part, of its objects and of its image. */
export const METRICS_SERVER = "metrics-server";
const NAMESPACE = "kube-system";
const PORT = 10_250;
/** The shortest that it takes; autoscalers ask every 15 s. */
const RESOLUTION = "10s";
/** Less than the resolution, and short: a node that is lost must not hold up the others. */
const KUBELET_TIMEOUT = "4s";
const STAY_ON_LOST_NODE_MS = 5_000;
const CLUSTER_CA = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";

/**
 * CPU and memory of pods and nodes behind APIService `v1beta1.metrics.k8s.io`, which autoscalers
 * ask: one replica in `kube-system`. It trusts kubelets by the cluster's CA.
 */
export function metricsServer(): Part {
  const planned = {
    part: METRICS_SERVER,
    objects: [...access(), service(), deployment(), apiService()],
    selector: selectorOf(METRICS_SERVER),
    replicas: 1,
    gpusPerPod: 0,
    service: null,
  };
  return { part: METRICS_SERVER, planned, problems: [] };
}

const RBAC = "rbac.authorization.k8s.io";
const SUBJECTS = [{ kind: "ServiceAccount", name: METRICS_SERVER, namespace: NAMESPACE }];

function bindingTo(
  name: string,
  role: { readonly kind: "ClusterRole" | "Role"; readonly name: string },
): KubeObject {
  const own = { name, roleRef: { apiGroup: RBAC, ...role }, subjects: SUBJECTS };
  const apiVersion = `${RBAC}/v1`;
  return role.kind === "Role"
    ? partObject(METRICS_SERVER, { apiVersion, kind: "RoleBinding", namespace: NAMESPACE, ...own })
    : partObject(METRICS_SERVER, { apiVersion, kind: "ClusterRoleBinding", ...own });
}

/** Reads nodes, pods and kubelets' metrics, and asks who its callers are: nothing else. */
function access(): readonly KubeObject[] {
  const role = "system:metrics-server";
  const reader = "extension-apiserver-authentication-reader";
  return [
    partObject(METRICS_SERVER, {
      apiVersion: "v1",
      kind: "ServiceAccount",
      name: METRICS_SERVER,
      namespace: NAMESPACE,
    }),
    partObject(METRICS_SERVER, {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRole",
      name: role,
      rules: [
        { apiGroups: [""], resources: ["nodes/metrics"], verbs: ["get"] },
        { apiGroups: [""], resources: ["pods", "nodes"], verbs: ["get", "list", "watch"] },
      ],
    }),
    bindingTo(role, { kind: "ClusterRole", name: role }),
    bindingTo("metrics-server:system:auth-delegator", {
      kind: "ClusterRole",
      name: "system:auth-delegator",
    }),
    bindingTo("metrics-server-auth-reader", { kind: "Role", name: reader }),
  ];
}

function service(): KubeObject {
  return partObject(METRICS_SERVER, {
    apiVersion: "v1",
    kind: "Service",
    name: METRICS_SERVER,
    namespace: NAMESPACE,
    spec: {
      selector: labelsOf(METRICS_SERVER),
      ports: [{ name: "https", port: 443, targetPort: PORT, protocol: "TCP" }],
    },
  });
}

/** The API server does not verify it: its certificate is its own, as in upstream's manifest. */
function apiService(): KubeObject {
  const group = "metrics.k8s.io";
  return partObject(METRICS_SERVER, {
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    name: `v1beta1.${group}`,
    spec: {
      group,
      version: "v1beta1",
      groupPriorityMinimum: 100,
      versionPriority: 100,
      insecureSkipTLSVerify: true,
      service: { name: METRICS_SERVER, namespace: NAMESPACE },
    },
  });
}

function deployment(): KubeObject {
  const probe = (path: string): object => ({
    httpGet: { path, port: PORT, scheme: "HTTPS" },
    periodSeconds: 2,
    timeoutSeconds: 2,
  });
  const container = {
    name: METRICS_SERVER,
    image: METRICS_SERVER,
    imagePullPolicy: "IfNotPresent",
    args: [
      "--cert-dir=/tmp",
      `--secure-port=${PORT}`,
      "--kubelet-preferred-address-types=InternalIP",
      `--kubelet-certificate-authority=${CLUSTER_CA}`,
      `--metric-resolution=${RESOLUTION}`,
      `--kubelet-request-timeout=${KUBELET_TIMEOUT}`,
    ],
    ports: [{ name: "https", containerPort: PORT, protocol: "TCP" }],
    resources: { requests: { cpu: "50m", memory: "96Mi" } },
    securityContext: UNPRIVILEGED_CONTAINER,
    readinessProbe: { ...probe("/readyz"), failureThreshold: 3 },
    livenessProbe: { ...probe("/livez"), initialDelaySeconds: 20, failureThreshold: 10 },
    volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
  };
  return partObject(METRICS_SERVER, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    name: METRICS_SERVER,
    namespace: NAMESPACE,
    spec: {
      replicas: 1,
      revisionHistoryLimit: 2,
      selector: { matchLabels: labelsOf(METRICS_SERVER) },
      template: {
        metadata: { labels: labelsOf(METRICS_SERVER) },
        spec: {
          ...UNPRIVILEGED_POD,
          automountServiceAccountToken: true,
          serviceAccountName: METRICS_SERVER,
          priorityClassName: "system-cluster-critical",
          ...leaveLostNode(STAY_ON_LOST_NODE_MS),
          terminationGracePeriodSeconds: 5,
          containers: [container],
          volumes: [{ name: "tmp", emptyDir: { sizeLimit: "16Mi" } }],
        },
      },
    },
  });
}
