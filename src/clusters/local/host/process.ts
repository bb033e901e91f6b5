import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { readFileSync } from "node:fs";
import { joinFiles } from "./cgroup.ts";
import { CLEAN_ENVIRONMENT } from "./command.ts";

/** A process that cannot be taken for a later one with the same id. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot, from /proc/<pid>/stat. */
  readonly startTicks: string;
}

/** Null: there is no such process. */
export function identityOf(pid: number): ProcessIdentity | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command's name may hold blanks and brackets: fields count from the last bracket.
    const startTicks = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
    return { pid, startTicks };
  } catch {
    return null;
  }
}

export const isAlive = (identity: ProcessIdentity): boolean =>
  identityOf(identity.pid)?.startTicks === identity.startTicks;

/**
 * Starts a process that is a member of `cgroups` before its own program runs, in a session of its
 * own: `down` finds it there whatever becomes of us.
 */
export function startIn(of: {
  readonly cgroups: readonly string[];
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly workFolder?: string;
  readonly stdio: StdioOptions;
}): ChildProcess {
  const join = 'while [ "$1" != -- ]; do echo $$ > "$1" || exit 125; shift; done; shift; exec "$@"';
  return spawn("/bin/sh", ["-c", join, "join-cgroup", ...joinFiles(of.cgroups), "--", ...of.argv], {
    env: of.env ?? CLEAN_ENVIRONMENT,
    cwd: of.workFolder ?? "/",
    detached: true,
    stdio: of.stdio,
  });
}
