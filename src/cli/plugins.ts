import { readdir } from "node:fs/promises";
import { basename, isAbsolute, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { EXIT, NinetyError } from "../model/error.ts";
import type { AnyCheck } from "../ports/check.ts";
import type { AnyFault } from "../ports/fault.ts";
import type { Reporter } from "../ports/reporter.ts";
import type { Sampler } from "../ports/sampler.ts";
import { nearest } from "./nearest.ts";

/** Where ninety itself lives: the folder that holds src, workloads, binaries and experiments. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

/** The folder is the registry: a plug-in is known by being there, under its file's name. */
async function namesIn(folder: string): Promise<readonly string[]> {
  const files = await readdir(join(ROOT, folder));
  return files
    .filter((file) => file.endsWith(".ts"))
    .map((file) => basename(file, ".ts"))
    .sort();
}

async function exportsOf(path: string): Promise<readonly unknown[]> {
  return Object.values((await import(pathToFileURL(path).href)) as Record<string, unknown>);
}

/** What a plug-in file exports under the name that the file has. */
async function load<T extends { readonly name: string }>(
  folder: string,
  name: string,
  pick: (exported: unknown) => T | null,
): Promise<T> {
  const path = join(ROOT, folder, `${name}.ts`);
  const found = (await exportsOf(path)).map(pick).find((one) => one?.name === name);
  if (!found) throw new Error(`${relative(ROOT, path)} must export a plug-in named ${name}`);
  return found;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  (typeof value === "object" || typeof value === "function") && value !== null;

function definitionOf<T>(exported: unknown, needs: readonly string[]): T | null {
  if (!isObject(exported)) return null;
  const definition = isObject(exported["definition"]) ? exported["definition"] : exported;
  return needs.every((key) => key in definition) ? (definition as T) : null;
}

const asFault = (exported: unknown): AnyFault | null =>
  definitionOf<AnyFault>(exported, ["name", "effects", "observe", "proof"]);
const asCheck = (exported: unknown): AnyCheck | null =>
  definitionOf<AnyCheck>(exported, ["name", "judge"]);
const asSampler = (exported: unknown): Sampler | null =>
  definitionOf<Sampler>(exported, ["name", "run"]);
const asReporter = (exported: unknown): Reporter | null =>
  definitionOf<Reporter>(exported, ["name", "render"]);

async function loadAll<T extends { readonly name: string }>(
  folder: string,
  pick: (exported: unknown) => T | null,
): Promise<readonly T[]> {
  return Promise.all((await namesIn(folder)).map((name) => load(folder, name, pick)));
}

/** Every fault, check, sampler and reporter that ships with ninety. */
export interface Plugins {
  readonly faults: readonly AnyFault[];
  readonly checks: readonly AnyCheck[];
  readonly samplers: readonly Sampler[];
  readonly reporters: readonly Reporter[];
}

export async function loadPlugins(): Promise<Plugins> {
  const [faults, checks, samplers, reporters] = await Promise.all([
    loadAll("src/faults", asFault),
    loadAll("src/checks", asCheck),
    loadAll("src/samplers", asSampler),
    loadAll("src/reporters", asReporter),
  ]);
  return { faults, checks, samplers, reporters };
}

/** By name, or throws what a plan names that is not here. */
export function byName<T extends { readonly name: string }>(
  what: string,
  known: readonly T[],
): (name: string) => T {
  return (name) => {
    const hit = known.find((one) => one.name === name);
    if (hit) return hit;
    throw new NinetyError(`no ${what} is named ${name}`, {
      exit: EXIT.usage,
      hint: `known: ${known.map((one) => one.name).join(", ")}`,
    });
  };
}

type Kind = "experiment" | "suite";
const suffixOf = (kind: Kind): string => `.${kind}.ts`;

async function namesOf(kind: Kind): Promise<readonly string[]> {
  const files = await readdir(join(ROOT, "experiments")).catch(() => [] as string[]);
  return files
    .filter((file) => file.endsWith(suffixOf(kind)))
    .map((file) => file.slice(0, -suffixOf(kind).length))
    .sort();
}

/** Experiments that are found by a short name: `gpu-loss` is experiments/gpu-loss.experiment.ts. */
export const experimentNames = (): Promise<readonly string[]> => namesOf("experiment");

/** Suites that are found by a short name: `headline` is experiments/headline.suite.ts. */
export const suiteNames = (): Promise<readonly string[]> => namesOf("suite");

export interface Loaded {
  /** That of the file. */
  readonly name: string;
  readonly path: string;
  readonly loaded: unknown;
}

/** Imports an experiment's file; its name is the file's. */
export const loadExperiment = (fileOrName: string): Promise<Loaded> =>
  loadDefault("experiment", fileOrName);

/** Imports a suite's file; its name is the file's. */
export const loadSuite = (fileOrName: string): Promise<Loaded> => loadDefault("suite", fileOrName);

/** A name with a typo does not say of which kind it was, so both are listed. */
async function shippedHint(typed: string): Promise<string> {
  const [experiments, suites] = await Promise.all([experimentNames(), suiteNames()]);
  const name = basename(typed).replace(/\.(?:experiment|suite)\.ts$/, "");
  const meant = nearest(name, [...experiments, ...suites]);
  const first = meant === null ? "" : `did you mean ${meant}? `;
  return `${first}in experiments/: ${experiments.join(", ")}; suites: ${suites.join(", ")}`;
}

async function loadDefault(kind: Kind, fileOrName: string): Promise<Loaded> {
  const suffix = suffixOf(kind);
  const known = await namesOf(kind);
  const path = known.includes(fileOrName)
    ? join(ROOT, "experiments", fileOrName + suffix)
    : isAbsolute(fileOrName)
      ? fileOrName
      : join(process.cwd(), fileOrName);
  if (!path.endsWith(suffix)) {
    throw new NinetyError(`${kind} must be a file named *${suffix}, got ${fileOrName}`, {
      exit: EXIT.usage,
      hint: await shippedHint(fileOrName),
    });
  }
  let module: Record<string, unknown>;
  try {
    module = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  } catch (error) {
    throw new NinetyError(`cannot load ${fileOrName}: ${String(error)}`, {
      exit: EXIT.usage,
      hint: await shippedHint(fileOrName),
      cause: error,
    });
  }
  return { name: basename(path, suffix), path, loaded: module["default"] };
}
