import { count, read } from "../../src/model/fields.ts";
import { DEVICE_ROOT } from "../../src/model/device.ts";
import type { KubeObject } from "../../src/model/json.ts";
import type { Part } from "../../src/ports/author.ts";
import {
  fromPod,
  labelsOf,
  nothingPlanned,
  partObject,
  PROGRAMS_IMAGE,
  selectorOf,
  SYSTEM_NAMESPACE,
  systemNamespace,
  UNPRIVILEGED_CONTAINER,
} from "./objects.ts";

const PART = "gpu-plugin";
const KUBELET_PLUGINS = "/var/lib/kubelet/device-plugins";
const METRICS_PORT = 9400;
const FIELDS = { perNode: count({ about: "virtual GPUs of each node", min: 1, max: 8 }) };

/**
 * Virtual GPUs on every node, registered with its kubelet as `nvidia.com/gpu`: a DaemonSet that is
 * root on the node's device folders and has no privilege besides. Metrics on port 9400.
 */
export function virtualGpus(options: { readonly perNode: number }): Part {
  const problems: string[] = [];
  const { perNode } = read("virtualGpus", FIELDS, options, problems);
  if (problems.length > 0) return { part: PART, planned: nothingPlanned(PART), problems };
  const planned = {
    part: PART,
    objects: [systemNamespace(PART), daemonSet(perNode)],
    selector: selectorOf(PART),
    replicas: null,
    gpusPerPod: 0,
    service: null,
  };
  return { part: PART, planned, problems };
}

function daemonSet(perNode: number): KubeObject {
  const folders = [
    { name: "kubelet", path: KUBELET_PLUGINS, type: "Directory" },
    { name: "devices", path: DEVICE_ROOT, type: "DirectoryOrCreate" },
  ];
  const container = {
    name: "plugin",
    image: PROGRAMS_IMAGE,
    imagePullPolicy: "IfNotPresent",
    args: ["/app/workloads/programs/gpu-plugin/main.ts"],
    env: [fromPod("NODE_NAME", "spec.nodeName"), { name: "GPUS", value: String(perNode) }],
    ports: [{ name: "metrics", containerPort: METRICS_PORT, protocol: "TCP" }],
    readinessProbe: {
      httpGet: { path: "/metrics", port: METRICS_PORT },
      periodSeconds: 2,
      timeoutSeconds: 2,
    },
    resources: { requests: { cpu: "20m", memory: "64Mi" } },
    // The kubelet's socket and the device folders are root's.
    securityContext: { ...UNPRIVILEGED_CONTAINER, runAsUser: 0 },
    volumeMounts: folders.map(({ name, path }) => ({ name, mountPath: path })),
  };
  return partObject(PART, {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    name: PART,
    namespace: SYSTEM_NAMESPACE,
    spec: {
      revisionHistoryLimit: 2,
      selector: { matchLabels: labelsOf(PART) },
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "100%" } },
      template: {
        metadata: { labels: labelsOf(PART) },
        spec: {
          priorityClassName: "system-node-critical",
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          securityContext: { seccompProfile: { type: "RuntimeDefault" } },
          tolerations: [{ operator: "Exists" }],
          terminationGracePeriodSeconds: 2,
          containers: [container],
          volumes: folders.map(({ name, path, type }) => ({ name, hostPath: { path, type } })),
        },
      },
    },
  });
}
