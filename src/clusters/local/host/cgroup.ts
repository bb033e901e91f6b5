import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { EXIT, NinetyError } from "../../../model/error.ts";

/**
 * Where this process may make cgroups. Version 1: below its own cgroup of every hierarchy, so that
 * its own limits hold for all of it. Version 2: below the root that it sees, because a cgroup that
 * holds processes cannot give controllers to children; that arm has never been run.
 */
export interface CgroupSetup {
  readonly version: 1 | 2;
  /** One folder a hierarchy. */
  readonly parents: readonly string[];
  /** Version 1 only, in the order of `parents`: what a machine mounts. */
  readonly hierarchies: readonly {
    readonly folder: string;
    readonly options: string;
    readonly controllers: readonly string[];
  }[];
}

/** Controllers that had to be switched on in a cgroup that is not ours (version 2). */
export interface EnabledControllers {
  readonly path: string;
  readonly controllers: readonly string[];
}

const NEEDED = ["cpu", "cpuset", "memory", "pids"] as const;
const EMPTY_WITHIN_MS = 10_000;

/** Reads /proc only. Throws NinetyError (exit 4) naming the controllers that are missing. */
export function probeCgroups(
  mountinfo = readFileSync("/proc/self/mountinfo", "utf8"),
  own = readFileSync("/proc/self/cgroup", "utf8"),
): CgroupSetup {
  const mounts = mountinfo.split("\n").flatMap((line) => {
    const [left = "", right = ""] = line.split(" - ");
    const [, , , root = "", folder = ""] = left.split(" ");
    const [type = "", , options = ""] = right.split(" ");
    return type.startsWith("cgroup") ? [{ type, root, folder, options }] : [];
  });
  const first = mounts.filter(({ type }) => type === "cgroup");
  return first.length > 0 ? versionOne(first, own) : versionTwo(mounts);
}

type CgroupMount = { root: string; folder: string; options: string };

function versionOne(mounts: readonly CgroupMount[], own: string): CgroupSetup {
  const paths = own.split("\n").flatMap((line) => {
    const [id = "0", names = "", ...path] = line.split(":");
    return id === "0" || names === "" ? [] : [{ names, path: path.join(":") }];
  });
  const found = paths.flatMap(({ names, path }) => {
    const wanted = names.split(",");
    const mount = mounts.find(({ options }) => {
      const given = options.split(",");
      return wanted.every((name) => given.includes(name));
    });
    if (mount === undefined) return [];
    // In a container the mount may show only a part of the hierarchy.
    const below =
      mount.root !== "/" && path.startsWith(mount.root) ? path.slice(mount.root.length) : path;
    return [{ names, parent: join(mount.folder, below).replace(/\/$/, "") }];
  });
  const have = new Set(found.flatMap(({ names }) => names.split(",")));
  refuseMissing([...NEEDED, "cpuacct"].filter((name) => !have.has(name)));
  return {
    version: 1,
    parents: found.map(({ parent }) => parent),
    hierarchies: found.map(({ names }) => ({
      folder: names.replace(/^name=/, ""),
      options: names.startsWith("name=") ? `none,${names}` : names,
      controllers: names.startsWith("name=") ? [] : names.split(","),
    })),
  };
}

function versionTwo(mounts: readonly CgroupMount[]): CgroupSetup {
  const folder = mounts[0]?.folder;
  if (folder === undefined)
    throw new NinetyError("no cgroup hierarchy is mounted", { exit: EXIT.preflight });
  const have = readFileSync(join(folder, "cgroup.controllers"), "utf8").trim().split(" ");
  refuseMissing(NEEDED.filter((name) => !have.includes(name)));
  return { version: 2, parents: [folder], hierarchies: [] };
}

function refuseMissing(missing: readonly string[]): void {
  if (missing.length === 0) return;
  throw new NinetyError(`cgroup controllers are missing: ${missing.join(", ")}`, {
    exit: EXIT.preflight,
    hint: "they must be mounted and given to this process's cgroup",
  });
}

/** What `makeCgroup` of the instance will have to switch on above it; null where nothing. */
export function controllersToEnable(setup: CgroupSetup): EnabledControllers | null {
  const [path] = setup.parents;
  if (setup.version === 1 || path === undefined) return null;
  const on = readFileSync(join(path, "cgroup.subtree_control"), "utf8").trim().split(" ");
  const controllers = NEEDED.filter((name) => !on.includes(name));
  return controllers.length === 0 ? null : { path, controllers };
}

/** The instance's own folders, which hold no process themselves; its machines are below. */
export function makeInstanceCgroup(
  paths: readonly string[],
  version: 1 | 2,
  enable: EnabledControllers | null,
): void {
  if (enable !== null) switchControllers(enable.path, enable.controllers, "+");
  makeCgroup(paths);
  const [path] = paths;
  if (version === 2 && path !== undefined) switchControllers(path, NEEDED, "+");
}

/** One folder a hierarchy; parents exist. Idempotent. */
export function makeCgroup(paths: readonly string[]): void {
  for (const path of paths) {
    mkdirIfNot(path);
    // On version 1 a new cpuset has no CPU and no memory node, and refuses every process.
    for (const name of ["cpuset.cpus", "cpuset.mems"]) {
      const file = join(path, name);
      if (existsSync(join(path, "cpuset.cpu_exclusive")) && existsSync(file))
        writeFileSync(file, readFileSync(join(path, "..", name)));
    }
  }
}

/** CPU quota and memory limit. */
export function limitCgroup(
  paths: readonly string[],
  limits: { readonly cpus: number; readonly memoryBytes: number },
): void {
  const periodUs = 100_000;
  const quotaUs = Math.round(limits.cpus * periodUs);
  const wanted: Record<string, string> = {
    "cpu.cfs_period_us": `${periodUs}`,
    "cpu.cfs_quota_us": `${quotaUs}`,
    "memory.limit_in_bytes": `${limits.memoryBytes}`,
    "cpu.max": `${quotaUs} ${periodUs}`,
    "memory.max": `${limits.memoryBytes}`,
  };
  for (const path of paths)
    for (const [name, value] of Object.entries(wanted))
      if (existsSync(join(path, name))) writeFileSync(join(path, name), value);
}

/** The files that a process writes its id into to join. */
export const joinFiles = (paths: readonly string[]): string[] =>
  paths.map((path) => join(path, "cgroup.procs"));

/** Ids of all processes in it and below. */
export function processesIn(paths: readonly string[]): number[] {
  const ids = new Set<number>();
  for (const path of paths)
    for (const folder of [path, ...below(path)])
      for (const line of readIfThere(join(folder, "cgroup.procs")).split("\n"))
        // 0: a process of another pid namespace than ours.
        if (line !== "" && line !== "0") ids.add(Number(line));
  return [...ids];
}

/**
 * Kills whatever is in it and removes it with all below; nothing of ours leaves its cgroup, and its
 * path carries the instance's token, so being in it is the identity. Idempotent. Throws when
 * something is still there after 10 s.
 */
export async function removeCgroup(paths: readonly string[]): Promise<void> {
  const deadline = performance.now() + EMPTY_WITHIN_MS;
  while (paths.some((path) => existsSync(path))) {
    for (const id of processesIn(paths)) killIfThere(id);
    for (const path of paths) removeTree(path);
    if (!paths.some((path) => existsSync(path))) return;
    if (performance.now() > deadline)
      throw new NinetyError(
        `cgroup is not empty after ${EMPTY_WITHIN_MS} ms: ` +
          `${paths.find((path) => existsSync(path))}: ` +
          `processes ${processesIn(paths).join(", ") || "none"}`,
        { exit: EXIT.healFailed },
      );
    await sleep(10);
  }
}

export function disableControllers(enabled: EnabledControllers): void {
  switchControllers(enabled.path, enabled.controllers, "-");
}

function switchControllers(path: string, names: readonly string[], sign: "+" | "-"): void {
  for (const name of names) {
    try {
      writeFileSync(join(path, "cgroup.subtree_control"), `${sign}${name}`);
    } catch (error) {
      // Someone else uses it by now: then it is theirs to keep.
      if (sign === "-") continue;
      throw new NinetyError(`cgroup controller cannot be switched on: ${name} in ${path}`, {
        exit: EXIT.preflight,
        hint: "this process must see the root of the cgroup hierarchy, or a delegated empty cgroup",
        cause: error,
      });
    }
  }
}

/** Folders below, each before its own. */
function below(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(path, entry.name))
      .flatMap((folder) => [folder, ...below(folder)]);
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

function removeTree(path: string): void {
  for (const folder of [path, ...below(path)].reverse()) {
    try {
      rmdirSync(folder);
    } catch (error) {
      if (!isGone(error) && !isCode(error, "EBUSY")) throw error;
    }
  }
}

/** Never with its parents: where they are gone, the instance is. */
function mkdirIfNot(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if (!isCode(error, "EEXIST")) throw error;
  }
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (isGone(error)) return "";
    throw error;
  }
}

function killIfThere(id: number): void {
  try {
    process.kill(id, "SIGKILL");
  } catch (error) {
    if (!isCode(error, "ESRCH")) throw error;
  }
}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;
const isGone = (error: unknown): boolean => isCode(error, "ENOENT") || isCode(error, "ENODEV");
