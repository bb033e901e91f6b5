// What a cluster may have left on the machine, as text that can be compared.
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { dirname } from "node:path";

function lines(command: string, ...args: readonly string[]): readonly string[] {
  const text = execFileSync(command, args, { encoding: "utf8" });
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .sort();
}

/** Paths in all hierarchies, as /proc/<pid>/cgroup has them. */
const cgroupsOf = (pid: string): readonly string[] =>
  readFileSync(`/proc/${pid}/cgroup`, "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split(":").slice(2).join(":"));

/**
 * Beside the one that this process was put in: of another session of the machine, which comes and
 * goes as it likes. What ninety makes is at the roots, or below its own.
 */
function isNeighbour(path: string): boolean {
  return cgroupsOf("self").some((own) => {
    const around = dirname(own);
    return around !== "/" && path.startsWith(`${around}/`) && !`${path}/`.startsWith(`${own}/`);
  });
}

function cgroups(folder = "/sys/fs/cgroup", depth = 0): readonly string[] {
  if (depth > 5) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .filter(({ name }) => !isNeighbour(`${folder}/${name}`.replace(/^\/sys\/fs\/cgroup\/\w+/, "")))
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      return [path, ...cgroups(path, depth + 1)];
    })
    .sort();
}

function processes(): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const argv = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
        if (cgroupsOf(pid).some(isNeighbour)) return [];
        const ours = /kubelet|containerd|kube-|etcd|runc|k6 run|guard\.ts|supervise/.test(argv);
        return ours ? [argv] : [];
      } catch {
        return [];
      }
    })
    .sort();
}

/** Mounts, namespaces, cgroups, links, routes, rules, sysctls and processes. */
export function machineSnapshot(): Readonly<Record<string, readonly string[]>> {
  const sysctl = (name: string): string => readFileSync(`/proc/sys/${name}`, "utf8").trim();
  return {
    mounts: readFileSync("/proc/self/mounts", "utf8").split("\n").sort(),
    netns: lines("ip", "netns", "list"),
    cgroups: cgroups(),
    links: lines("ip", "-o", "link", "show").map((line) => line.split(":")[1]?.trim() ?? ""),
    routes: lines("ip", "route", "show", "table", "all"),
    rules: lines("nft", "list", "ruleset"),
    sysctls: [
      "fs/inotify/max_user_instances",
      "fs/inotify/max_user_watches",
      "net/ipv4/ip_forward",
      "vm/overcommit_memory",
      "vm/panic_on_oom",
      "kernel/panic",
      "kernel/panic_on_oops",
    ].map((name) => `${name}=${sysctl(name)}`),
    processes: processes(),
  };
}
