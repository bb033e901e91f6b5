import { join } from "node:path";
import { numberAt, textAt } from "../../model/json.ts";
import type { Environment } from "../../model/record.ts";
import type { Api } from "../../ports/api.ts";
import { tryRun } from "./host/command.ts";
import type { Layout } from "./layout.ts";

/** The cluster's share of environment.json. */
export async function describeLocal(
  layout: Layout,
  api: Api,
  signal: AbortSignal,
): Promise<Environment["cluster"]> {
  const [nodes, versions] = await Promise.all([
    api.list("api/v1/nodes", signal),
    versionsOf(layout.paths.bin),
  ]);
  return {
    kind: "local",
    instance: layout.instance,
    kubernetes: versions["kubernetes"] ?? "",
    nodes: nodes.map((node) => ({
      name: node.metadata.name,
      cpus: textAt(node, "status", "allocatable", "cpu"),
      memory: textAt(node, "status", "allocatable", "memory"),
      gpus: numberAt(node, "status", "allocatable", "nvidia.com/gpu") ?? 0,
      kubelet: textAt(node, "status", "nodeInfo", "kubeletVersion"),
      runtime: textAt(node, "status", "nodeInfo", "containerRuntimeVersion"),
      kernel: textAt(node, "status", "nodeInfo", "kernelVersion"),
    })),
    differences: differencesOf(layout),
    versions,
  };
}

async function versionsOf(bin: string): Promise<Record<string, string>> {
  const asked: Readonly<Record<string, readonly string[]>> = {
    kubernetes: ["kubelet", "--version"],
    etcd: ["etcd", "--version"],
    containerd: ["containerd", "--version"],
    runc: ["runc", "--version"],
  };
  const entries = await Promise.all(
    Object.entries(asked).map(async ([name, [command = "", ...rest]]) => {
      const { stdout } = await tryRun([join(bin, command), ...rest]);
      return [name, /\bv?\d+\.\d+\.\d+\S*/.exec(stdout)?.[0] ?? "unknown"] as const;
    }),
  );
  return Object.fromEntries(entries);
}

/** What differs from a production cluster, a sentence each. Pure. */
function differencesOf(layout: Pick<Layout, "plan" | "cgroupVersion">): string[] {
  const { plan } = layout;
  const set = (name: string, value: number | null): string[] =>
    value === null ? [] : [`${name} is ${value / 1_000} s instead of upstream's default.`];
  return [
    "All machines are namespaces of one kernel: they share its CPUs, disk, page cache and clock.",
    "One control plane; etcd keeps its data in memory and does not sync.",
    "The controller-manager may ask the API server 200 times a second instead of 20.",
    "Every component is started again 1 to 3 s after it ends.",
    "The network is one bridge without loss, delay or limit; neighbour entries are permanent.",
    "Images are on every node before it boots; there is no registry.",
    "Cluster DNS has no upstream: a name outside of the cluster does not exist, told at once.",
    "Nodes have a CPU quota and a memory limit each, but no disk of their own.",
    ...(plan.gpusPerNode > 0 ? ["GPUs are virtual: a device plugin registers them."] : []),
    ...(layout.cgroupVersion === 2
      ? ["Nodes run on cgroup version 2, on which this cluster was never tried by its authors."]
      : ["Nodes run on cgroup version 1, which Kubernetes no longer develops."]),
    ...set("node-monitor-grace-period", plan.nodeGraceMs),
    ...set("nodeLeaseDurationSeconds", plan.nodeLeaseMs),
    ...set("maxContainerRestartPeriod", plan.backoffMaxMs),
  ];
}
