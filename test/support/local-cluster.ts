// What a local cluster may leave behind, seen from the host, and a workload that answers.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { processesIn } from "../../src/clusters/local/host/cgroup.ts";
import { liveStates } from "../../src/clusters/local/host/link.ts";
import type { Layout } from "../../src/clusters/local/layout.ts";
import type { KubeObject } from "../../src/model/json.ts";

/** What no cluster may change, ever: others may have clusters of their own on this host. */
export function hostSettings(): Record<string, string> {
  const files = [
    "net/ipv4/ip_forward",
    "net/ipv4/conf/all/forwarding",
    "net/netfilter/nf_conntrack_max",
    "net/bridge/bridge-nf-call-iptables",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
    "kernel/hostname",
    "kernel/random/boot_id",
  ].filter((name) => existsSync(`/proc/sys/${name}`));
  const listed = (path: string): string => (existsSync(path) ? readdirSync(path).join() : "");
  return {
    rules: execFileSync("nft", ["list", "ruleset"], { encoding: "utf8" }),
    named: execFileSync("ip", ["netns", "list"], { encoding: "utf8" }),
    folders: ["/etc/cni", "/var/lib/kubelet", "/var/lib/containerd", "/var/lib/ninety"]
      .map((path) => `${path}: ${listed(path)}`)
      .join("\n"),
    ...Object.fromEntries(
      files.map((name) => [name, readFileSync(`/proc/sys/${name}`, "utf8").trim()]),
    ),
  };
}

/** Every namespace that a process of ours was seen in. */
const namespaces = new Set<string>();

/** Remembers the namespaces that the processes in these cgroups live in. */
export function rememberNamespaces(of: Pick<Layout, "cgroups">): void {
  for (const pid of processesIn(of.cgroups))
    for (const kind of ["net", "mnt", "pid", "uts", "ipc", "cgroup"])
      try {
        namespaces.add(readlinkSync(`/proc/${pid}/ns/${kind}`));
      } catch {
        // It has ended since.
      }
  for (const kind of ["net", "mnt", "pid", "uts", "ipc", "cgroup"])
    namespaces.delete(readlinkSync(`/proc/self/ns/${kind}`));
}

/** What is left on this machine of the instances of a cache, all named `cluster-…`, a line each. */
export async function traces(cache: string): Promise<string[]> {
  const cgroups = execFileSync("find", ["/sys/fs/cgroup", "-name", "ninety-cluster-[abc]-*"], {
    encoding: "utf8",
  });
  const mountinfo = readFileSync("/proc/self/mountinfo", "utf8");
  const held = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const kinds = readdirSync(`/proc/${pid}/ns`);
        return kinds.map((kind) => readlinkSync(`/proc/${pid}/ns/${kind}`));
      } catch {
        return [];
      }
    });
  return [
    ...cgroups.split("\n").filter((line) => line !== ""),
    ...mountinfo.split("\n").filter((line) => line.includes(cache)),
    ...[...namespaces].filter((name) => held.includes(name) || mountinfo.includes(` ${name} `)),
    ...(await liveStates("ninety")).filter((state) => state.startsWith(cache)),
    ...readdirSync(join(cache, "clusters")),
  ];
}

const echo = `require("http").createServer((q, a) => a.end(process.env.POD + " " + require("fs")
  .readFileSync("/proc/sys/kernel/hostname"))).listen(8080);
  process.on("SIGTERM", () => process.exit(0))`;
const labels = { app: "echo" };

/** Three pods that answer with their names, one on each node. */
export const deployment = (image: string): KubeObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "echo", namespace: "default" },
  spec: {
    replicas: 3,
    selector: { matchLabels: labels },
    template: {
      metadata: { labels },
      spec: {
        topologySpreadConstraints: [
          {
            maxSkew: 1,
            topologyKey: "kubernetes.io/hostname",
            whenUnsatisfiable: "DoNotSchedule",
            labelSelector: { matchLabels: labels },
          },
        ],
        containers: [
          {
            name: "echo",
            image,
            args: ["-e", echo],
            env: [{ name: "POD", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
            readinessProbe: { httpGet: { path: "/", port: 8080 }, periodSeconds: 1 },
            volumeMounts: [{ name: "devices", mountPath: "/devices" }],
          },
        ],
        volumes: [
          {
            name: "devices",
            hostPath: { path: "/var/lib/ninety/gpus", type: "DirectoryOrCreate" },
          },
        ],
      },
    },
  },
});

export const service: KubeObject = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "echo", namespace: "default" },
  spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
};
