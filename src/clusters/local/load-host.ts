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

/** A machine on the cluster's bridge with a kube-proxy of its own: clients are plain processes. */
export function localLoadHost(layout: Layout): LoadHost {
  const { namespacePath } = loadMachine(layout);
  return {
    start: ({ argv, env, workFolder }) => {
      const cgroups = clientCgroups(layout);
      makeCgroup(cgroups);
      const child = startIn({
        cgroups,
        argv: inNamespace(namespacePath, argv),
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
  const { namespacePath } = loadMachine(layout);
  const tables = await tryRun(inNamespace(namespacePath, ["nft", "list", "tables"]));
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
