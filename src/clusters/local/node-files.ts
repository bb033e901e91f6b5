import { API_READY, type Service } from "./boot-script.ts";
import type { HostFacts, Layout, Limits, Machine } from "./layout.ts";

const CONTAINERD_SOCKET = "/run/containerd/containerd.sock";

/** containerd, kubelet, kube-proxy, as units with Restart=always would run them. Pure. */
export function nodeServices(machine: Pick<Machine, "name" | "address">): Service[] {
  return [
    {
      name: "containerd",
      restartSec: 1,
      argv: ["containerd", "-c", "/ninety/etc/containerd.toml"],
    },
    {
      name: "kubelet",
      restartSec: 2,
      argv: [
        "kubelet",
        "--config=/ninety/etc/kubelet.json",
        "--kubeconfig=/ninety/etc/kubelet.kubeconfig",
        `--node-ip=${machine.address}`,
        `--hostname-override=${machine.name}`,
      ],
      after: `[ -S ${CONTAINERD_SOCKET} ] && ${API_READY}`,
    },
    kubeProxyService(),
  ];
}

export function kubeProxyService(): Service {
  return {
    name: "kube-proxy",
    restartSec: 1,
    argv: ["kube-proxy", "--config=/ninety/etc/kube-proxy.json"],
    after: API_READY,
  };
}

/** Text of every file of a node, by its path below /ninety/etc. Pure. */
export function nodeFiles(of: {
  readonly place: Pick<Machine, "name" | "address" | "mac" | "podRange">;
  readonly base: Pick<Layout, "network" | "plan" | "images" | "token">;
  readonly facts: HostFacts;
  readonly reserved: Limits;
}): Record<string, string> {
  const { place, base, facts, reserved } = of;
  const id = identity(base.token, place.mac);
  return {
    "kubelet.json": text(kubeletConfiguration(base, facts, reserved)),
    "kube-proxy.json": text(kubeProxyConfiguration(place.name, base.network)),
    "containerd.toml": containerdConfiguration(base.images["pause"] ?? "", facts),
    "etc/cni/net.d/10-ninety.conflist": text(networkConfiguration(place.podRange ?? "")),
    "etc/machine-id": `${id}\n`,
    "product-uuid": `${id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")}\n`,
    ...Object.fromEntries(
      Object.entries(KUBELET_SYSCTLS).map(([name, value]) => [`sysctl/${name}`, `${value}\n`]),
    ),
  };
}

/** What the kubelet sets unless it finds it so. */
const KUBELET_SYSCTLS = {
  overcommit_memory: 1,
  panic_on_oom: 0,
  panic: 10,
  panic_on_oops: 1,
  root_maxkeys: 1_000_000,
  root_maxbytes: 25_000_000,
} as const;

const text = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;

/** 32 hexadecimal digits: the same for a node over its power cycles, another for every node. */
function identity(token: string, mac: string): string {
  const hex = `${Buffer.from(token).toString("hex")}${mac.replaceAll(":", "")}`;
  return hex.padStart(32, "0").slice(-32);
}

function kubeletConfiguration(
  base: Pick<Layout, "network" | "plan">,
  facts: HostFacts,
  reserved: Limits,
): object {
  const { nodeLeaseMs, backoffMaxMs } = base.plan;
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    ...(facts.cgroup.version === 1 ? { failCgroupV1: false } : {}),
    cgroupDriver: "cgroupfs",
    // The cgroup namespace makes the node's cgroup the root.
    cgroupRoot: "/",
    cgroupsPerQOS: true,
    enforceNodeAllocatable: ["pods"],
    systemReserved: {
      cpu: `${Math.round(reserved.cpus * 1_000)}m`,
      memory: `${Math.ceil(reserved.memoryBytes / 2 ** 20)}Mi`,
    },
    failSwapOn: false,
    containerRuntimeEndpoint: `unix://${CONTAINERD_SOCKET}`,
    tlsCertFile: "/ninety/etc/pki/serving.crt",
    tlsPrivateKeyFile: "/ninety/etc/pki/serving.key",
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: "/ninety/etc/pki/ca.crt" },
    },
    authorization: { mode: "Webhook" },
    ...(facts.mayLowerOomScore ? {} : { oomScoreAdj: 0 }),
    maxOpenFiles: Math.min(1_000_000, facts.openFilesMax),
    // The host's disk is seen: how full it is must not evict pods.
    imageGCHighThresholdPercent: 100,
    evictionHard: {
      "memory.available": "50Mi",
      "nodefs.available": "0%",
      "nodefs.inodesFree": "0%",
      "imagefs.available": "0%",
    },
    clusterDNS: [base.network.dnsAddress],
    clusterDomain: "cluster.local",
    resolvConf: "",
    hairpinMode: "none",
    maxPods: 60,
    volumePluginDir: "/var/lib/kubelet/volume-plugins",
    ...(nodeLeaseMs === null ? {} : { nodeLeaseDurationSeconds: nodeLeaseMs / 1_000 }),
    ...(backoffMaxMs === null
      ? {}
      : {
          featureGates: { KubeletCrashLoopBackOffMax: true },
          crashLoopBackOff: { maxContainerRestartPeriod: `${backoffMaxMs / 1_000}s` },
        }),
  };
}

/** `node` must be a Node that exists: kube-proxy waits 30 s for it before its first rule. */
export function kubeProxyConfiguration(node: string, network: Layout["network"]): object {
  return {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    mode: "nftables",
    hostnameOverride: node,
    clusterCIDR: network.podRange,
    clientConnection: { kubeconfig: "/ninety/etc/kube-proxy.kubeconfig" },
    oomScoreAdj: 0,
    // These sysctls belong to the whole kernel.
    conntrack: { maxPerCore: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
  };
}

function networkConfiguration(podRange: string): object {
  return {
    cniVersion: "1.0.0",
    name: "ninety",
    plugins: [
      {
        type: "bridge",
        bridge: "cni0",
        isGateway: true,
        hairpinMode: true,
        ipMasq: false,
        ipam: {
          type: "host-local",
          ranges: [[{ subnet: podRange }]],
          routes: [{ dst: "0.0.0.0/0" }],
          // Memory: a reboot frees the addresses of the pods that died with it.
          dataDir: "/run/cni",
        },
      },
      { type: "portmap", capabilities: { portMappings: true } },
    ],
  };
}

function containerdConfiguration(pauseReference: string, facts: HostFacts): string {
  return `version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
  address = "${CONTAINERD_SOCKET}"
[plugins.'io.containerd.cri.v1.images']
  snapshotter = "overlayfs"
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = "${pauseReference}"
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = ${!facts.mayLowerOomScore}
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ["/ninety/bin/cni"]
    conf_dir = "/etc/cni/net.d"
  [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
      SystemdCgroup = false
      BinaryName = "/ninety/bin/runc"
`;
}
