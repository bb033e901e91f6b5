import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { EXIT, NinetyError } from "../model/error.ts";

/** Where builds, images and running clusters are kept: outside of every checkout. */
export function cacheRoot(): string {
  const { NINETY_CACHE, XDG_CACHE_HOME } = process.env;
  if (NINETY_CACHE) return resolve(NINETY_CACHE);
  return join(XDG_CACHE_HOME ? resolve(XDG_CACHE_HOME) : join(homedir(), ".cache"), "ninety");
}

/** Where runs are written: `reports/runs` below the working folder. */
export function runsRoot(): string {
  return resolve("reports", "runs");
}

/** `20261123T231500Z`: sorts by time, and is a file name everywhere. */
export function utcStamp(now: Date): string {
  return now
    .toISOString()
    .replace(/[-:]/g, "")
    .replace(/\.\d+Z$/, "Z");
}

export interface RunEntry {
  /** Of a suite its own name. */
  readonly experiment: string;
  readonly name: string;
  readonly folder: string;
  readonly kind: "run" | "suite";
}

/** What a suite leaves in its folder, where a run leaves plan.json. */
export const SUITE_FILE = "suite.json";

/** Whether a folder is that of a suite. */
export function isSuiteFolder(folder: string): boolean {
  return existsSync(join(folder, SUITE_FILE));
}

/** All runs and suites below `root`, newest first. */
export async function listRuns(root: string): Promise<readonly RunEntry[]> {
  const experiments = await readdir(root).catch(() => [] as string[]);
  const runs = await Promise.all(
    experiments.map(async (experiment) => {
      const names = await readdir(join(root, experiment)).catch(() => [] as string[]);
      return names.map((name): RunEntry => {
        const folder = join(root, experiment, name);
        return { experiment, name, folder, kind: isSuiteFolder(folder) ? "suite" : "run" };
      });
    }),
  );
  return runs.flat().sort((a, b) => (a.name < b.name ? 1 : a.name > b.name ? -1 : 0));
}

/**
 * A run's folder, its name, or nothing for the newest one; a suite's too, where it is named. Throws
 * with exit 3 where there is none.
 */
export async function findRun(given: string | undefined): Promise<string> {
  const runs = await listRuns(runsRoot());
  if (given === undefined) {
    const newest = runs.find(({ kind }) => kind === "run");
    if (newest) return newest.folder;
    throw new NinetyError(`no run in ${runsRoot()}`, {
      exit: EXIT.usage,
      hint: "name its folder, or start one: npm run experiment",
    });
  }
  const named = runs.find((run) => run.name === given);
  if (named) return named.folder;
  const folder = resolve(given);
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isFolder) return folder;
  throw new NinetyError(`run must be a folder or the name of one, got ${given}`, {
    exit: EXIT.usage,
    hint: "list them: ninety list runs",
  });
}
