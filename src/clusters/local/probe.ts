import { accessSync, constants, readFileSync, statfsSync, mkdirSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { delimiter, join } from "node:path";
import { EXIT, messageOf, NinetyError } from "../../model/error.ts";
import { probeCgroups } from "./host/cgroup.ts";
import { CLEAN_ENVIRONMENT, tryRun } from "./host/command.ts";
import type { HostFacts } from "./layout.ts";

const GIB = 2 ** 30;
const DISK_FREE_MIN_GIB = 4;

/** Commands that the cluster is built with, and the Debian package of each. */
const TOOLS: Readonly<Record<string, string>> = {
  ip: "iproute2",
  nft: "nftables",
  nsenter: "util-linux",
  unshare: "util-linux",
  flock: "util-linux",
  mount: "mount",
  umount: "mount",
  pivot_root: "util-linux",
  cp: "coreutils",
};

interface Feature {
  readonly what: string;
  readonly script: string;
  readonly hint: string;
}

const OVERLAY = `mount -t tmpfs none /tmp
cd /tmp
mkdir lower upper work merged
mount -t overlay none -o lowerdir=lower,upperdir=upper,workdir=work merged`;

const LINKS = `ip link add bridge0 type bridge
ip link add pair0 type veth peer name pair1
ip link set pair0 master bridge0`;

/** Maps, fib, numgen and NAT: what kube-proxy's rules are made of. */
const RULES = `nft -f - <<END
table ip probe {
  chain nat {
    type nat hook prerouting priority -100
    fib daddr type local numgen random mod 2 vmap { 0 : accept, 1 : accept }
  }
  chain source {
    type nat hook postrouting priority 100
    masquerade fully-random
  }
}
END`;

/** Kernel features, each tried in namespaces that are gone afterwards. */
const FEATURES: readonly Feature[] = [
  {
    what: "namespaces (pid, mount, uts, ipc, net, cgroup)",
    script: "true",
    hint: "a container needs --privileged, a kernel CONFIG_NAMESPACES",
  },
  { what: "overlayfs", script: OVERLAY, hint: "modprobe overlay" },
  { what: "veth and bridge links", script: LINKS, hint: "modprobe veth bridge" },
  {
    what: "nftables",
    script: RULES,
    hint: "modprobe nf_tables nft_chain_nat nft_fib_ipv4 nft_numgen nft_masq nf_conntrack",
  },
  {
    what: "bridge netfilter",
    script: "[ -e /proc/sys/net/bridge/bridge-nf-call-iptables ]",
    hint: "modprobe br_netfilter",
  },
];

/**
 * What this machine is, and what it lacks: all of it at once, each line with its remedy, as one
 * NinetyError (exit 4). Changes nothing outside namespaces that are gone when it returns.
 */
export async function probeHost(cacheRoot: string): Promise<HostFacts> {
  const lacks: string[] = [];
  const hints: string[] = [];
  const lack = (what: string, hint: string): void => {
    lacks.push(what);
    hints.push(hint);
  };
  if (process.platform !== "linux" || process.arch !== "x64")
    lack(
      `local cluster needs Linux on x64, got ${process.platform} on ${process.arch}`,
      "use a kubeconfig cluster",
    );
  else if (process.getuid?.() !== 0) lack("local cluster needs root", "run it with sudo");
  else await probeTools(lack);
  let cgroup: HostFacts["cgroup"] | null = null;
  try {
    cgroup = probeCgroups();
  } catch (error) {
    lack(messageOf(error), error instanceof NinetyError ? (error.hint ?? "") : "");
  }
  mkdirSync(cacheRoot, { recursive: true });
  const disk = statfsSync(cacheRoot);
  const freeGib = (disk.bavail * disk.bsize) / GIB;
  if (freeGib < DISK_FREE_MIN_GIB)
    lack(
      `disk of ${cacheRoot} must have ${DISK_FREE_MIN_GIB} GiB free, got ${freeGib.toFixed(1)}`,
      "free some, or set NINETY_CACHE to another disk",
    );
  if (cgroup === null || lacks.length > 0)
    throw new NinetyError(lacks.join("\n"), { exit: EXIT.preflight, hint: hints.join("\n") });
  return {
    cpus: cpus().length,
    memoryBytes: totalmem(),
    cgroup,
    mayLowerOomScore: await mayLowerOomScore(),
    openFilesMax: openFilesMax(),
  };
}

async function probeTools(lack: (what: string, hint: string) => void): Promise<void> {
  const missing = commandsMissing();
  for (const name of missing) lack(`command is missing: ${name}`, `apt-get install ${TOOLS[name]}`);
  if (missing.length > 0) return;
  const own = ["--mount", "--pid", "--fork", "--uts", "--ipc", "--net", "--cgroup"];
  const results = await Promise.all(
    FEATURES.map(async ({ script }) =>
      tryRun(["unshare", ...own, "--propagation", "private", "sh", "-ec", script]),
    ),
  );
  for (const [i, { status, stderr }] of results.entries()) {
    const feature = FEATURES[i];
    if (feature !== undefined && status !== 0)
      lack(`kernel feature is missing: ${feature.what}: ${stderr.trim()}`, feature.hint);
  }
}

/** Commands that a package of the distribution would bring. */
export const commandsMissing = (): string[] =>
  Object.keys(TOOLS).filter((name) => !isCommand(name));

function isCommand(name: string): boolean {
  return (CLEAN_ENVIRONMENT["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** CRI wants a negative score for its own; without CAP_SYS_RESOURCE every container would fail. */
async function mayLowerOomScore(): Promise<boolean> {
  const tried = await tryRun(["sh", "-c", "echo -998 > /proc/self/oom_score_adj"]);
  return tried.status === 0;
}

function openFilesMax(): number {
  const line = readFileSync("/proc/self/limits", "utf8")
    .split("\n")
    .find((line) => line.startsWith("Max open files"));
  const hard = Number(line?.trim().split(/\s+/)[4]);
  return Number.isFinite(hard) ? hard : 1_000_000;
}
