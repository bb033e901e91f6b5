import { readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";

import type { ControlComponent } from "../model/component.ts";
import { guardConfig } from "./guard-config.ts";

/** The process of a component of the guard's control plane. Throws where there is not one. */
export function componentProcess(component: ControlComponent): number {
  const { controlPlane } = guardConfig();
  if (controlPlane === null || !controlPlane.components.includes(component)) {
    const known = controlPlane?.components.join(", ") ?? "none";
    throw new Error(`component must be one of ${known}, got ${component}`);
  }
  const found = processesIn(controlPlane.cgroup).filter((pid) => programOf(pid) === component);
  const [pid, ...more] = found;
  if (pid !== undefined && more.length === 0) return pid;
  throw new Error(`${component} must run once, got ${found.join(", ") || "no process"}`);
}

/** Ids of all processes in a cgroup and below. */
function processesIn(folder: string): readonly number[] {
  const own = readFileSync(join(folder, "cgroup.procs"), "utf8").split("\n").filter(Boolean);
  const below = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => processesIn(join(folder, name)));
  return [...own.map(Number), ...below];
}

/** Several components may be one program of many names: what it was started by tells. */
function programOf(pid: number): string {
  try {
    return basename(readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0")[0] ?? "");
  } catch {
    return "";
  }
}
