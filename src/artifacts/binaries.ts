import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Progress } from "../ports/cluster.ts";
import { takeBuildLock } from "./build-lock.ts";
import { buildComponents, BUILDING_PREFIX, type BuildTask } from "./build.ts";
import {
  COMPONENTS,
  programsOf,
  type BinaryName,
  type Component,
  type ProgramName,
} from "./components.ts";
import { contentHash } from "./content-hash.ts";
import { keepNewest, touch } from "./layer-cache.ts";
import { buildFlags, goToolchain, type GoToolchain } from "./go.ts";

/** Built programs, ready to run. */
export interface Binaries {
  /** Absolute path of each program of the wanted components. */
  readonly programs: Readonly<Partial<Record<ProgramName, string>>>;
  /** Folder of each wanted component: nothing but its programs is in it. */
  readonly folders: Readonly<Partial<Record<BinaryName, string>>>;
  /** One folder with a link to every program of the wanted components: for PATH. */
  readonly binFolder: string;
}

/** The path of a program whose component was wanted. */
export function programPath(binaries: Binaries, name: ProgramName): string {
  const path = binaries.programs[name];
  if (path === undefined) throw new Error(`program ${name}: its component was not wanted`);
  return path;
}

/** The folder of a component that was wanted, with its programs only: for the CNI's `bin_dir`. */
export function folderOf(binaries: Binaries, name: BinaryName): string {
  const path = binaries.folders[name];
  if (path === undefined) throw new Error(`component ${name}: it was not wanted`);
  return path;
}

/** Builds of a component; those used longest ago are removed when there is a new one. */
const KEEP = 3;

export interface EnsureBinariesOptions {
  /** See cacheRootOf. */
  readonly cacheRoot: string;
  readonly want: readonly BinaryName[];
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Whether the distribution packages that a build needs may be installed. */
  readonly installPackages: boolean;
  /** Folder of the Go modules. Default: `binaries/` of this package. */
  readonly modulesRoot?: string;
}

/**
 * Builds what is wanted and not yet in the cache: `<cache>/bin/<component>-<hash>/<program>`, where
 * the hash covers all files of the module, the flags, the Go release and the architecture. When all
 * is there nothing is compiled and no lock taken. Throws NinetyError (exit 4) where Go, gcc, a
 * package or disk is missing, and where a build fails.
 */
export async function ensureBinaries(options: EnsureBinariesOptions): Promise<Binaries> {
  const wanted = COMPONENTS.filter((component) => options.want.includes(component.name));
  const tasks = await tasksOf(wanted, options);
  const bin = join(options.cacheRoot, "bin");
  if (!tasks.every(isBuilt)) {
    const lock = await takeBuildLock(join(bin, ".lock"), options.progress, options.signal);
    try {
      removeUnfinished(bin);
      // Whoever had the lock before may have built the same.
      await buildComponents(
        tasks.filter((task) => !isBuilt(task)),
        options,
      );
      for (const { component } of tasks) {
        keepNewest(bin, new RegExp(`^${component.name}-[0-9a-f]{12}$`), KEEP);
      }
    } finally {
      await lock.release();
    }
  }
  for (const { folder } of tasks) touch(folder);
  return located(options.cacheRoot, tasks);
}

async function tasksOf(
  wanted: readonly Component[],
  options: EnsureBinariesOptions,
): Promise<readonly BuildTask[]> {
  const root = options.modulesRoot ?? fileURLToPath(new URL("../../binaries", import.meta.url));
  const toolchains = new Map(
    await Promise.all(
      [...new Set(wanted.map(({ module }) => join(root, module)))].map(
        async (folder) => [folder, await goToolchain(folder, options.signal)] as const,
      ),
    ),
  );
  return wanted.map((component) => {
    const moduleFolder = join(root, component.module);
    const go = toolchains.get(moduleFolder) as GoToolchain;
    const hash = contentHash(moduleFolder, [
      JSON.stringify(component.files),
      JSON.stringify(component.links),
      ...buildFlags(component),
      `cgo=${component.cgo}`,
      go.version,
      go.architecture,
    ]).slice(0, 12);
    const folder = join(options.cacheRoot, "bin", `${component.name}-${hash}`);
    return { component, moduleFolder, go, folder };
  });
}

function isBuilt({ component, folder }: BuildTask): boolean {
  return programsOf(component).every((program) => {
    const found = statSync(join(folder, program), { throwIfNoEntry: false });
    return found !== undefined && found.isFile() && found.size > 0 && (found.mode & 0o100) !== 0;
  });
}

/** What an interrupted build left: only the holder of the lock may build, so nobody is at it. */
function removeUnfinished(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (name.startsWith(BUILDING_PREFIX)) rmSync(join(folder, name), { recursive: true });
  }
}

function located(cacheRoot: string, tasks: readonly BuildTask[]): Binaries {
  const programs = Object.fromEntries(
    tasks.flatMap(({ component, folder }) =>
      programsOf(component).map((program) => [program, join(folder, program)]),
    ),
  );
  return {
    programs,
    folders: Object.fromEntries(tasks.map(({ component, folder }) => [component.name, folder])),
    binFolder: linkTogether(join(cacheRoot, "bin"), programs),
  };
}

/** `<cache>/bin/set-<hash>`: named by what it links, so it is made once and never changes. */
function linkTogether(folder: string, programs: Readonly<Record<string, string>>): string {
  const paths = Object.entries(programs).sort(([a], [b]) => (a < b ? -1 : 1));
  const hash = createHash("sha256").update(JSON.stringify(paths)).digest("hex").slice(0, 12);
  const set = join(folder, `set-${hash}`);
  if (existsSync(set)) return set;
  mkdirSync(folder, { recursive: true });
  const beside = mkdtempSync(join(folder, ".linking-"));
  for (const [name, path] of paths) symlinkSync(relative(set, path), join(beside, name));
  chmodSync(beside, 0o755);
  try {
    renameSync(beside, set);
  } catch (error) {
    rmSync(beside, { recursive: true });
    // Another process was first, with the same links.
    if (!existsSync(set)) throw error;
  }
  return set;
}
