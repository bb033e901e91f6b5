import {
  appendFileSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { showMs } from "../model/quantity.ts";
import type { Progress } from "../ports/cluster.ts";
import type { Component } from "./components.ts";
import { requireDisk, type DiskNeed } from "./disk.ts";
import { countPackages, goBuild, type GoToolchain } from "./go.ts";
import { ensurePackages, type PackageName } from "./packages.ts";

/** One component to be built, and where to. */
export interface BuildTask {
  readonly component: Component;
  readonly moduleFolder: string;
  readonly go: GoToolchain;
  /** Does not exist before the build is whole. */
  readonly folder: string;
}

export interface BuildOptions {
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly installPackages: boolean;
}

export const BUILDING_PREFIX = ".building-";
/** More would not be faster on two cores, and each link takes gigabytes of memory. */
const AT_ONCE = 2;
const TELL_EVERY_MS = 2_000;

/** What one build has done so far. */
interface State {
  readonly task: BuildTask;
  stage: "waiting" | "fetching" | "compiling" | "done";
  compiled: number;
  /** To be compiled; grows to what `go list` says. */
  total: number;
}

/**
 * Builds all, two at a time in the given order; each appears in the cache whole or not at all. The
 * first failure ends the other builds. Checks packages and free disk before anything is built.
 */
export async function buildComponents(
  tasks: readonly BuildTask[],
  options: BuildOptions,
): Promise<void> {
  if (tasks.length === 0) return;
  await ensurePackages({
    need: packagesFor(tasks),
    install: options.installPackages,
    progress: options.progress,
    signal: options.signal,
  });
  const states = await plannedStates(tasks, options.signal);
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const startedMs = performance.now();
  const tell = (): void => options.progress(overall(states, performance.now() - startedMs));
  const timer = setInterval(tell, TELL_EVERY_MS);
  const queue = [...states];
  const work = async (): Promise<void> => {
    for (let state = queue.shift(); state !== undefined; state = queue.shift()) {
      await buildOne(state, signal);
      tell();
    }
  };
  const guarded = (): Promise<void> =>
    work().catch((error: unknown) => {
      failed.abort(error);
      throw error;
    });
  try {
    tell();
    const ends = await Promise.allSettled(Array.from({ length: AT_ONCE }, guarded));
    options.signal.throwIfAborted();
    if (ends.some((end) => end.status === "rejected")) throw failed.signal.reason;
  } finally {
    clearInterval(timer);
  }
}

function packagesFor(tasks: readonly BuildTask[]): readonly PackageName[] {
  const cgo = tasks.some(({ component }) => component.cgo);
  return ["util-linux", ...(cgo ? (["gcc", "pkg-config", "libseccomp-dev"] as const) : [])];
}

/** Asks Go, without the network, how much is to be compiled; that decides the disk needed. */
async function plannedStates(
  tasks: readonly BuildTask[],
  signal: AbortSignal,
): Promise<readonly State[]> {
  const states: State[] = [];
  const needs: DiskNeed[] = [];
  for (const task of tasks) {
    const { component, moduleFolder, folder, go } = task;
    const count = await countPackages(component, moduleFolder, { offline: true, signal });
    const share = count === null ? 1 : count.stale / count.all;
    const needMiB = Math.ceil(component.coldMiB * share);
    needs.push(
      { folder: dirname(folder), needMiB: component.finishedMiB * 2 },
      { folder: go.moduleCache, needMiB: count === null ? Math.ceil(needMiB / 3) : 0 },
      { folder: go.buildCache, needMiB },
    );
    states.push({ task, stage: "waiting", compiled: 0, total: count?.stale ?? 0 });
  }
  requireDisk(needs);
  return states;
}

async function buildOne(state: State, signal: AbortSignal): Promise<void> {
  const { component, moduleFolder, folder } = state.task;
  const beside = join(dirname(folder), `${BUILDING_PREFIX}${basename(folder)}-${process.pid}`);
  const logPath = join(dirname(folder), `${component.name}.log`);
  rmSync(beside, { recursive: true, force: true });
  mkdirSync(beside, { recursive: true });
  writeFileSync(logPath, "");
  try {
    state.stage = "fetching";
    const count = await countPackages(component, moduleFolder, { offline: false, signal });
    state.total = count?.stale ?? state.total;
    state.stage = "compiling";
    await goBuild(component, moduleFolder, {
      folder: beside,
      signal,
      onPackage: () => (state.compiled += 1),
      log: (text) => appendFileSync(logPath, text),
      logPath,
    });
    for (const link of component.links) {
      symlinkSync(component.files[0]?.file ?? "", join(beside, link));
    }
    // A folder that lacks a program (a cache cleaned by hand) stands in the way of the rename.
    if (existsSync(folder)) rmSync(folder, { recursive: true });
    renameSync(beside, folder);
    rmSync(logPath);
  } catch (error) {
    rmSync(beside, { recursive: true, force: true });
    throw error;
  }
  state.stage = "done";
}

/** One line and one ratio for all: what is compiled, of what Go says is to be compiled. */
function overall(
  states: readonly State[],
  elapsedMs: number,
): { readonly what: string; readonly doneRatio: number } {
  const done = states.filter(({ stage }) => stage === "done").length;
  const now = states
    .filter(({ stage }) => stage === "fetching" || stage === "compiling")
    .map((state) => `${state.task.component.name} ${howFar(state)}`);
  // The link counts like a tenth of the packages: it is silent and takes seconds.
  const weight = (state: State): number => Math.max(state.total, 10) * 1.1;
  const worth = (state: State): number =>
    state.stage === "done" ? weight(state) : Math.min(state.compiled, Math.max(state.total, 10));
  const all = states.reduce((sum, state) => sum + weight(state), 0);
  return {
    what:
      `building, ${done} of ${states.length} done, ${showMs(Math.round(elapsedMs))}` +
      (now.length === 0 ? "" : `: ${now.join("; ")}`),
    doneRatio: states.reduce((sum, state) => sum + worth(state), 0) / all,
  };
}

function howFar({ stage, compiled, total, task }: State): string {
  if (stage === "fetching") return "(fetching modules)";
  // Go names a main package only when it is linked.
  if (compiled >= total - task.component.files.length) return "(linking)";
  return `(${compiled} of ${total} packages)`;
}
