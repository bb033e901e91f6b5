import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { stateOf } from "./processes.ts";

/** The cgroup of one process for one controller, as a folder that can be written. */
export interface Cgroup {
  readonly version: 1 | 2;
  readonly folder: string;
}

/**
 * Where that cgroup is mounted on the node; null where it is nowhere. Version 1 where the process
 * has a hierarchy of that controller, else the one of version 2. Pure.
 */
export function cgroupIn(of: {
  readonly controller: string;
  /** Text of the process's `cgroup`. */
  readonly cgroups: string;
  /** Text of a `mountinfo`. */
  readonly mounts: string;
}): Cgroup | null {
  const lines = of.cgroups.split("\n").map((line) => {
    const [id = "", names = "", ...path] = line.split(":");
    return { id, names: names.split(","), path: path.join(":") };
  });
  const first = lines.find(({ names }) => names.includes(of.controller));
  const only = lines.find(({ id, names }) => id === "0" && names[0] === "");
  const line = first ?? only;
  // A path that leads out of what is seen from here cannot be followed.
  if (line === undefined || !line.path.startsWith("/") || line.path.startsWith("/..")) return null;
  const version = first === undefined ? 2 : 1;
  for (const mount of of.mounts.split("\n")) {
    const [left = "", right = ""] = mount.split(" - ");
    const [, , , root = "", folder = ""] = left.split(" ");
    const [type = "", , options = ""] = right.split(" ");
    const isIt =
      version === 2
        ? type === "cgroup2"
        : type === "cgroup" && options.split(",").includes(of.controller);
    const below = root === "/" ? line.path : within(line.path, root);
    if (isIt && below !== null) return { version, folder: join(folder, below) };
  }
  return null;
}

function within(path: string, root: string): string | null {
  return path === root || path.startsWith(`${root}/`) ? path.slice(root.length) : null;
}

/**
 * The cgroup of a process now, as mounted here, else as the node has it mounted: an agent's
 * container shows its own cgroups only. Null where it cannot be found or the process has ended.
 */
export function cgroupOf(pid: number, controller: string): Cgroup | null {
  const cgroups = textOf(`/proc/${pid}/cgroup`);
  for (const [root, whose] of [
    ["", "self"],
    ["/proc/1/root", "1"],
  ]) {
    const mounts = textOf(`/proc/${whose}/mountinfo`);
    const found = cgroupIn({ controller, cgroups, mounts });
    const folder = join(root ?? "", found?.folder ?? "");
    if (found !== null && existsSync(join(folder, "cgroup.procs"))) return { ...found, folder };
  }
  return null;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/**
 * The cgroup of a container's first process, where it holds the whole container and nobody else
 * but `guests`; null where it does not: what is done to it would be done to others.
 */
export function ownCgroupOf(
  main: number,
  controller: string,
  of: { readonly pids: readonly number[]; readonly guests?: readonly number[] },
): Cgroup | null {
  const found = cgroupOf(main, controller);
  if (found === null) return null;
  const members = membersOf(found.folder);
  const known = [...of.pids, ...(of.guests ?? [])];
  const isAlone = members.length > 0 && members.every((pid) => known.includes(pid));
  const isWhole = of.pids.every((pid) => members.includes(pid) || stateOf(pid) === null);
  return isAlone && isWhole ? found : null;
}

/** Ids of all processes in it and below. */
function membersOf(folder: string): readonly number[] {
  if (!existsSync(folder)) return [];
  const own = textOf(join(folder, "cgroup.procs"))
    .split("\n")
    .filter((line) => line !== "");
  const below = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => membersOf(join(folder, name)));
  return [...own.map(Number), ...below];
}
