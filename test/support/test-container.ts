// A process that the agent takes for a container's: it sees a file of the kubelet's pod folder, in
// a mount namespace of its own; and, where asked, has cgroups of its own.
import { spawn, type ChildProcess } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { cgroupOf } from "../../src/agents/container-cgroup.ts";
import { processesOf } from "../../src/agents/container-process.ts";
import { allProcesses } from "../../src/agents/processes.ts";
import type { Target } from "../../src/model/target.ts";
import { exited, until } from "./holder-process.ts";

export interface TestContainer {
  readonly pod: Target<"pod">;
  readonly name: string;
  /** Its processes now. */
  readonly pids: () => readonly number[];
  /** Folders of its cgroups, by controller. */
  readonly cgroups: Readonly<Record<string, string>>;
  readonly process: ChildProcess;
  readonly close: () => Promise<void>;
}

/**
 * `script` is shell text; its last words should `exec` what stays. `controllers`: of the cgroups it
 * is put into, below the root, where version 2 has one for all.
 */
export async function testContainer(of: {
  readonly uid: string;
  readonly script: string;
  readonly controllers?: readonly string[];
  /** Sees a folder mounted at this path too, which must be there. */
  readonly mountAt?: string;
  /** Starts it again whenever it ends, as a kubelet does without a back-off. */
  readonly restarts?: boolean;
}): Promise<TestContainer> {
  const { uid, script, controllers = [], mountAt, restarts = false } = of;
  const name = "server";
  const folder = mkdtempSync(join(tmpdir(), "ninety-container-"));
  const below = join(folder, "pods", uid, "containers", name);
  mkdirSync(below, { recursive: true });
  writeFileSync(join(below, "1a2b"), "");
  writeFileSync(join(folder, "termination-log"), "");
  const cgroups = makeCgroups(`ninety-test-${process.pid}-${uid}`, controllers);
  const joins = Object.values(cgroups).map((path) => `echo $$ > ${join(path, "cgroup.procs")}`);
  const more = mountAt === undefined ? [] : [`mount --bind ${folder} ${mountAt}`];
  const text = [
    ...new Set(joins),
    `mount --bind ${join(below, "1a2b")} ${join(folder, "termination-log")}`,
    ...more,
    script,
  ].join("\n");
  const unshare = ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-ec", text];
  const loop = `while :; do "$@"; sleep 0.05; done`;
  const [program = "", ...args] = restarts ? ["/bin/sh", "-c", loop, "loop", ...unshare] : unshare;
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "ignore"] });
  const pids = (): readonly number[] =>
    processesOf(allProcesses(), { uid, container: name }).map(({ pid }) => pid);
  await until("the container runs", () => pids().length > 0);
  return {
    pod: { kind: "pod", namespace: "shop", name: `pod-${uid}`, uid, node: "n1" },
    name,
    pids,
    cgroups,
    process: child,
    close: async () => {
      child.kill("SIGKILL");
      for (const pid of pids()) process.kill(pid, "SIGKILL");
      if (child.exitCode === null && child.signalCode === null) await exited(child);
      await until("nobody is left in it", () => pids().length === 0);
      for (const path of new Set(Object.values(cgroups))) {
        await until(`cgroup ${path} is gone`, () => removed(path));
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Below this process's own: its limits hold for them too. */
function makeCgroups(name: string, controllers: readonly string[]): Record<string, string> {
  const made = controllers.map((controller): [string, string] => {
    const own = cgroupOf(process.pid, controller);
    if (own === null) throw new Error(`cgroup of ${controller} must be found, got none`);
    const path = join(own.folder, name);
    mkdirSync(path, { recursive: true });
    // On version 1 a new cpuset has no CPU and no memory node, and refuses every process.
    for (const file of ["cpuset.cpus", "cpuset.mems"]) {
      const from = join(own.folder, file);
      if (own.version === 1 && existsSync(from)) {
        writeFileSync(join(path, file), readFileSync(from, "utf8"));
      }
    }
    return [controller, path];
  });
  return Object.fromEntries(made);
}

function removed(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch {
    return !existsSync(path);
  }
}
