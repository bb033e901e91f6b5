// --patch: a file of patches, or the advice of an earlier run.
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { InvalidExperiment, messageOf } from "../model/error.ts";
import { at, isJsonText, listAt, textAt } from "../model/json.ts";
import type { StackPatch } from "../model/plan.ts";
import { readPatches } from "../kernel/patch-stack.ts";
import { findRun } from "./folders.ts";
import { usage } from "./run-facts.ts";

const BYTES_MAX = 32 * 2 ** 20;
const LISTED_MAX = 20;

/** As they were written on the command line. */
export interface PatchOptions {
  /** A file, or the folder or name of a run. */
  readonly patch: string | undefined;
  /** Which advice of that run, from 1. */
  readonly advice: string | undefined;
}

/** The patches that were asked for; none without --patch. Throws with exit 3. */
export async function patchesNamed({
  patch,
  advice,
}: PatchOptions): Promise<readonly StackPatch[]> {
  if (patch === undefined) {
    if (advice === undefined) return [];
    throw usage(`--advice must stand with --patch, got ${advice}`, "--patch <folder of a run>");
  }
  const isFile = await stat(patch).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isFile) return adviceOfRun(patch, advice);
  if (advice !== undefined) {
    throw usage(`--advice is for the folder of a run, got the file ${patch}`);
  }
  const read = await readJson(patch);
  try {
    return readPatches(read);
  } catch (error) {
    if (!(error instanceof InvalidExperiment)) throw error;
    throw new InvalidExperiment(
      error.problems.map((problem) => `--patch ${patch}: ${problem}`),
      "JSON Patch of one object: { apiVersion, kind, name, operations }, or a list of such",
    );
  }
}

/** The nth advice of a run's measurement.json; without a number the only one with a patch. */
async function adviceOfRun(
  run: string,
  advice: string | undefined,
): Promise<readonly StackPatch[]> {
  const folder = await findRun(run).catch(() => {
    throw usage(`--patch must be a file, or the folder or name of a run, got ${run}`);
  });
  const measurement = await readJson(join(folder, "measurement.json"));
  const all = listAt(measurement, "episodes").flatMap((episode) => listAt(episode, "advice"));
  if (all.length === 0) throw usage(`--patch ${run} must have advice, got none`);
  const listed = all
    .slice(0, LISTED_MAX)
    .map((one, i) => `${i + 1}: ${nameOf(one)}`)
    .join("; ");
  const usable = all.filter((one) => at(one, "patch") !== null);
  const nth = advice === undefined ? all.indexOf(usable[0]) + 1 : Number(advice);
  const chosen = all[nth - 1];
  if (
    !Number.isInteger(nth) ||
    chosen === undefined ||
    (advice === undefined && usable.length !== 1)
  ) {
    const got = advice ?? "none";
    throw usage(`--advice must be 1 to ${all.length} of ${run}, got ${got}`, listed);
  }
  if (at(chosen, "patch") === null) {
    throw usage(`--advice must be one with a patch, got ${nth}: ${nameOf(chosen)}`, listed);
  }
  return readPatches(chosen);
}

function nameOf(advice: unknown): string {
  const which = [textAt(advice, "lane"), textAt(advice, "scenario")].filter((one) => one !== "");
  const to = JSON.stringify(at(advice, "to"));
  const none = at(advice, "patch") === null ? ", which is of no object of the stack" : "";
  return `${which.join(", ")}: ${textAt(advice, "setting")} of ${textAt(advice, "object")} to ${to}${none}`;
}

async function readJson(path: string): Promise<unknown> {
  const found = await stat(path).catch((error: unknown) => {
    throw usage(`--patch: ${path} cannot be read: ${messageOf(error)}`);
  });
  if (found.size > BYTES_MAX) {
    throw usage(`--patch: ${path} must have at most ${BYTES_MAX} bytes, got ${found.size}`);
  }
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw usage(`--patch: ${path} cannot be read: ${messageOf(error)}`);
  });
  if (!isJsonText(text)) throw usage(`--patch: ${path} must be JSON`);
  return JSON.parse(text) as unknown;
}
