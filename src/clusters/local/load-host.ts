import { once } from "node:events";
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { EXIT, NinetyError } from "../../model/error.ts";
import type { HostProcess, LoadHost } from "../../ports/cluster.ts";
import { makeCgroup } from "./host/cgroup.ts";
import { CLEAN_ENVIRONMENT, inNamespace, tryRun } from "./host/command.ts";
import { startIn } from "./host/process.ts";
import type { Layout } from "./layout.ts";

const LINE_MAX = 2 ** 20;
const STDERR_MAX = 2 ** 16;

/** Where the processes of clients are held: `down` ends them with the rest. */
export const clientCgroups = (layout: Pick<Layout, "cgroups">): string[] =>
  layout.cgroups.map((folder) => join(folder, "clients"));

/**
 * Puts the load host's files in the place of the host's, in a mount namespace that goes with the
 * process: a resolver of the host would ask whom the host asks, also by way of a socket.
 */
const NAMES_OF_ITS_OWN = `set -e
from=$1
shift
for file in resolv.conf nsswitch.conf; do
  if [ -e "/etc/$file" ]; then mount --bind "$from/$file" "/etc/$file"; fi
done
exec "$@"`;

/** Pure: what runs `argv` as a client, in the load host's network and with its resolver. */
function clientArgv(layout: Layout, argv: readonly string[]): string[] {
  const { namespacePath, folder } = loadMachine(layout);
  // Not private: a copy of a mount of the host would keep alive what the host lets go.
  const isolate = ["unshare", "--mount", "--propagation", "slave"];
  const names = ["/bin/sh", "-c", NAMES_OF_ITS_OWN, "client", `${folder}/config/etc`];
  // Load that nobody measures any more would go on to its planned end.
  const endingWithUs = ["setpriv", "--pdeathsig", "KILL", "--"];
  return inNamespace(namespacePath, [...isolate, ...names, ...endingWithUs, ...argv]);
}

/**
 * A machine on the cluster's bridge with a kube-proxy of its own: clients are plain processes that
 * see the files of this machine, but for the resolver's: names are those of the cluster alone.
 */
export function localLoadHost(layout: Layout): LoadHost {
  return {
    start: ({ argv, env, workFolder }) => {
      const cgroups = clientCgroups(layout);
      makeCgroup(cgroups);
      const child = startIn({
        cgroups,
        argv: clientArgv(layout, argv),
        env: { ...CLEAN_ENVIRONMENT, ...env },
        workFolder,
        stdio: ["ignore", "pipe", "pipe"],
      });
      return hostProcess(child, argv[0] ?? "");
    },
  };
}

/** Null: Services can be reached from it; else why not. */
export async function loadHostMissing(layout: Layout): Promise<string | null> {
  const tables = await tryRun(clientArgv(layout, ["nft", "list", "tables"]));
  if (tables.status !== 0) return `the load host runs no client: ${tables.stderr.trim()}`;
  return tables.stdout.includes("kube-proxy") ? null : "kube-proxy of the load host has no rules";
}

function loadMachine(layout: Layout): Layout["machines"][number] {
  const machine = layout.machines.find(({ role }) => role === "load");
  if (machine === undefined) throw new Error("layout has no load host");
  return machine;
}

function hostProcess(child: ChildProcess, name: string): HostProcess {
  const { pid, stdout, stderr } = child;
  if (pid === undefined || stdout === null || stderr === null)
    throw new NinetyError(`process cannot be started: ${name}`, { exit: EXIT.internal });
  let said = "";
  stderr.on("data", (piece: Buffer) => {
    said = (said + piece.toString()).slice(-STDERR_MAX);
  });
  const takers: ((line: string) => void)[] = [];
  splitLines(stdout, (line) => {
    for (const take of takers) take(line);
  });
  return {
    pid,
    onLine: (take) => {
      takers.push(take);
    },
    kill: (signal) => {
      child.kill(signal);
    },
    ended: once(child, "close").then((result) => {
      const [code, signal] = result as [number | null, string | null];
      return { code, signal, stderr: said };
    }),
  };
}

/** Whole lines; one that is longer than 1 MiB is handed over in pieces. */
function splitLines(
  stream: NonNullable<ChildProcess["stdout"]>,
  take: (line: string) => void,
): void {
  let rest = "";
  stream.setEncoding("utf8");
  stream.on("data", (piece: string) => {
    const lines = (rest + piece).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(line);
    if (rest.length > LINE_MAX) {
      take(rest);
      rest = "";
    }
  });
  stream.on("end", () => {
    if (rest !== "") take(rest);
  });
}
