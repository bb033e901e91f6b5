// Supervised processes with the names of a control plane's components, in a pid namespace of their
// own: nobody else on this machine is one of them.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { ControlComponent } from "../../src/model/component.ts";
import { exited, until } from "./holder-process.ts";
import { statesOf } from "./node-program.ts";

export const COMPONENTS = ["etcd", "kube-scheduler"] as const;

export interface ControlPlane {
  /** Stands for its cgroup: `cgroup.procs` in it names its processes. */
  readonly folder: string;
  /** The process of that name now; 0: none. */
  readonly pidOf: (component: ControlComponent) => number;
  /** None of its threads makes a step. */
  readonly isStopped: (component: ControlComponent) => boolean;
  /** How often it was started again. */
  readonly restarts: (component: ControlComponent) => number;
  readonly close: () => Promise<void>;
}

export async function controlPlane(): Promise<ControlPlane> {
  const folder = mkdtempSync(join(tmpdir(), "ninety-control-"));
  const startsOf = (component: string): string => join(folder, `${component}.starts`);
  const loops = COMPONENTS.map((name) => {
    const start = `echo >> ${startsOf(name)}; bash -c 'exec -a ${name} sleep 1000'`;
    return `while :; do ${start}; sleep 0.1; done &`;
  });
  const isolate = ["--pid", "--fork", "--kill-child", "--mount-proc"];
  const child = spawn("unshare", [...isolate, "bash", "-c", `${loops.join("\n")}\nwait`], {
    stdio: "ignore",
  });
  /** What the kernel would write there. */
  const list = (): readonly number[] => {
    const pids = descendants(child.pid ?? 0);
    writeFileSync(join(folder, "cgroup.procs"), pids.map((pid) => `${pid}\n`).join(""));
    return pids;
  };
  const pidOf = (component: ControlComponent): number =>
    list().find((pid) => textOf(`/proc/${pid}/cmdline`).split("\0")[0] === component) ?? 0;
  await until("all run", () => COMPONENTS.every((one) => pidOf(one) > 0));
  return {
    folder,
    pidOf,
    isStopped: (component) => isStopped(pidOf(component)),
    restarts: (component) => textOf(startsOf(component)).length - 1,
    close: async () => {
      child.kill("SIGKILL");
      await exited(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** One that ends just now is not. */
function isStopped(pid: number): boolean {
  try {
    return pid > 0 && statesOf(pid).every((state) => state === "t");
  } catch {
    return false;
  }
}

function descendants(pid: number): readonly number[] {
  const own = textOf(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Boolean).map(Number);
  return own.flatMap((one) => [one, ...descendants(one)]);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
