import { count, read, text, type Written } from "../../src/model/fields.ts";
import type { KubeObject } from "../../src/model/json.ts";
import type { Part } from "../../src/ports/author.ts";
import {
  labelsOf,
  nothingPlanned,
  partObject,
  selectorOf,
  UNPRIVILEGED_CONTAINER,
  UNPRIVILEGED_POD,
} from "./objects.ts";
import { leaveLostNode } from "./spread.ts";

const PART = "cluster-dns";
/** Where tools and people look for it. */
const NAMESPACE = "kube-system";
const NAME = "coredns";
const DNS_LABEL = { "k8s-app": "kube-dns" } as const;
/** Above 1023: no capability is needed. */
const PORT = 1_053;
const HEALTH_PORT = 8_080;
const READY_PORT = 8_181;
const METRICS_PORT = 9_153;
const REPLICAS_MAX = 2;
/** Until then half of all questions may go to nobody; a node that only blinked is back by then. */
const STAY_ON_LOST_NODE_MS = 5_000;

/**
 * Answers for the names of the cluster. There is no upstream: any other name is said not to exist,
 * and at once, because a client that gets no answer waits for seconds.
 */
const COREFILE = `cluster.local:${PORT} in-addr.arpa:${PORT} ip6.arpa:${PORT} {
  errors
  health :${HEALTH_PORT} {
    lameduck 5s
  }
  ready :${READY_PORT}
  prometheus :${METRICS_PORT}
  cache 5
  kubernetes cluster.local in-addr.arpa ip6.arpa {
    ttl 5
  }
}
.:${PORT} {
  template ANY ANY {
    rcode NXDOMAIN
  }
}
`;

const FIELDS = {
  address: text({
    about: "address of the Service, which kubelets tell their pods",
    pattern: /^\d{1,3}(\.\d{1,3}){3}$/,
    rule: "an IPv4 address",
  }),
  nodes: count({ about: "nodes of the cluster", min: 1 }),
  image: text({ about: "image of CoreDNS", default: NAME }),
};

/**
 * Cluster DNS: CoreDNS behind Service `kube-dns` in `kube-system`. Two replicas on two nodes, or one
 * where there is one node; a replica leaves a lost node after 5 s. It may read Services, namespaces
 * and endpoint slices, and nothing else.
 */
export function clusterDns(options: Written<typeof FIELDS>): Part {
  const problems: string[] = [];
  const { address, nodes, image } = read("clusterDns", FIELDS, options, problems);
  if (problems.length > 0) return { part: PART, planned: nothingPlanned(PART), problems };
  const replicas = Math.min(REPLICAS_MAX, nodes);
  const planned = {
    part: PART,
    objects: [...access(), configuration(), service(address), deployment(replicas, image)],
    selector: selectorOf(PART),
    replicas,
    gpusPerPod: 0,
    service: null,
  };
  return { part: PART, planned, problems };
}

function access(): readonly KubeObject[] {
  const rbac = "rbac.authorization.k8s.io";
  const role = "system:coredns";
  const watched = (apiGroup: string, resources: readonly string[]): object => ({
    apiGroups: [apiGroup],
    resources,
    verbs: ["list", "watch"],
  });
  return [
    partObject(PART, {
      apiVersion: "v1",
      kind: "ServiceAccount",
      name: NAME,
      namespace: NAMESPACE,
    }),
    partObject(PART, {
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRole",
      name: role,
      rules: [
        watched("", ["services", "namespaces"]),
        watched("discovery.k8s.io", ["endpointslices"]),
      ],
    }),
    partObject(PART, {
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRoleBinding",
      name: role,
      roleRef: { apiGroup: rbac, kind: "ClusterRole", name: role },
      subjects: [{ kind: "ServiceAccount", name: NAME, namespace: NAMESPACE }],
    }),
  ];
}

const configuration = (): KubeObject =>
  partObject(PART, {
    apiVersion: "v1",
    kind: "ConfigMap",
    name: NAME,
    namespace: NAMESPACE,
    data: { Corefile: COREFILE },
  });

function service(address: string): KubeObject {
  const port = (name: string, protocol: string): object => ({
    name,
    protocol,
    port: 53,
    targetPort: PORT,
  });
  return partObject(PART, {
    apiVersion: "v1",
    kind: "Service",
    name: "kube-dns",
    namespace: NAMESPACE,
    spec: {
      clusterIP: address,
      selector: DNS_LABEL,
      ports: [port("dns", "UDP"), port("dns-tcp", "TCP")],
    },
  });
}

/**
 * `minDomains` keeps the second replica waiting for a second node: at the start of a cluster the
 * first node that is Ready would get both, and be one point of failure for all names.
 */
function deployment(replicas: number, image: string): KubeObject {
  const labels = { ...labelsOf(PART), ...DNS_LABEL };
  const spread = {
    maxSkew: 1,
    minDomains: replicas,
    topologyKey: "kubernetes.io/hostname",
    whenUnsatisfiable: "DoNotSchedule",
    nodeTaintsPolicy: "Honor",
    labelSelector: { matchLabels: labelsOf(PART) },
    matchLabelKeys: ["pod-template-hash"],
  };
  return partObject(PART, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    name: NAME,
    namespace: NAMESPACE,
    spec: {
      replicas,
      revisionHistoryLimit: 2,
      selector: { matchLabels: labelsOf(PART) },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
      template: {
        metadata: { labels },
        spec: {
          ...UNPRIVILEGED_POD,
          automountServiceAccountToken: true,
          serviceAccountName: NAME,
          priorityClassName: "system-cluster-critical",
          // It cannot ask itself.
          dnsPolicy: "Default",
          topologySpreadConstraints: [spread],
          ...leaveLostNode(STAY_ON_LOST_NODE_MS),
          terminationGracePeriodSeconds: 10,
          containers: [container(image)],
          volumes: [{ name: "config", configMap: { name: NAME } }],
        },
      },
    },
  });
}

function container(image: string): object {
  const port = (name: string, containerPort: number, protocol = "TCP"): object => ({
    name,
    containerPort,
    protocol,
  });
  return {
    name: NAME,
    image,
    imagePullPolicy: "IfNotPresent",
    args: ["-conf", "/etc/coredns/Corefile"],
    ports: [port("dns", PORT, "UDP"), port("dns-tcp", PORT), port("metrics", METRICS_PORT)],
    resources: { requests: { cpu: "50m", memory: "64Mi" }, limits: { memory: "170Mi" } },
    securityContext: UNPRIVILEGED_CONTAINER,
    readinessProbe: {
      httpGet: { path: "/ready", port: READY_PORT },
      periodSeconds: 1,
      timeoutSeconds: 1,
      failureThreshold: 3,
    },
    livenessProbe: {
      httpGet: { path: "/health", port: HEALTH_PORT },
      initialDelaySeconds: 10,
      periodSeconds: 10,
      timeoutSeconds: 5,
      failureThreshold: 5,
    },
    volumeMounts: [{ name: "config", mountPath: "/etc/coredns", readOnly: true }],
  };
}
