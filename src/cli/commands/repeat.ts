// Several runs of one experiment: made until they decide, or judged together from their records.
import { basename, relative } from "node:path";
import { EXIT, worstExit, type ExitCode } from "../../model/error.ts";
import type { Plan } from "../../model/plan.ts";
import { REPEAT_MAX, joined, leastMet, repeatRuns, type RunToJoin } from "../../kernel/repeat.ts";
import { makePlan } from "../../kernel/planner.ts";
import { notOneGroup } from "../../measure/compare.ts";
import { showJoined } from "../../reporters/console/joined.ts";
import { addOns, whereOf } from "../compose.ts";
import { findRun, isSuiteFolder } from "../folders.ts";
import { exitOf, judgeFolder, type Judged } from "../judging.ts";
import type { Output } from "../output.ts";
import type { Plugins } from "../plugins.ts";
import { factsOf, usage } from "../run-facts.ts";
import type { InvalidTry, Job, JobEnd, ExperimentOptions } from "./run.ts";

/** A seed has at most 64 characters, and these are added to it. */
const SEED_MAX = 60;
/** As many seeds are looked at for one whose victims were not met yet. */
const SEEDS_TRIED = 20;

/** How many runs at most, of the plan with that seed. Throws with exit 3. */
export function repeatOf({ repeat = "1", planHash }: ExperimentOptions, seed: string): number {
  const count = Number(repeat);
  if (!Number.isInteger(count) || count < 1 || count > REPEAT_MAX) {
    throw usage(`--repeat must be 1 to ${REPEAT_MAX}, got ${repeat}`, "runs in all, at most");
  }
  if (count === 1) return count;
  if (planHash !== undefined) {
    throw usage(`--repeat must be 1 with --plan-hash, got ${repeat}`, "each run has its own plan");
  }
  if (seed.length > SEED_MAX) {
    throw usage(
      `--seed must have at most ${SEED_MAX} characters with --repeat, got ${seed.length}`,
      "the seed of each further run is made of it",
    );
  }
  return count;
}

/** The experiment's plan under another seed: `<seed>.<n>` with the victims that were met least. */
function nextPlan({ plan, reading, plugins, options }: Job, earlier: readonly Plan[]): Plan {
  const { seed } = earlier[0] ?? plan;
  const always = plugins.checks.filter((check) => check.always === true);
  const parts = addOns(reading, whereOf(options));
  const used = new Set(earlier.map((one) => one.seed));
  const candidates = Array.from({ length: SEEDS_TRIED + REPEAT_MAX }, (_, i) => `${seed}.${i + 2}`)
    .filter((next) => !used.has(next))
    .slice(0, SEEDS_TRIED)
    .map((next) => makePlan(reading, next, { always, addOns: parts }));
  return leastMet(candidates, earlier);
}

interface Made extends RunToJoin {
  readonly plan: Plan;
  readonly folder: string;
  readonly invalidTries: readonly InvalidTry[];
}

const shown = (folder: string): string => relative(process.cwd(), folder) || ".";

/** One run after another while nobody can tell; each keeps its record, and tells its own end. */
export async function runRepeated(
  job: Job,
  { most, runJob }: { readonly most: number; readonly runJob: (job: Job) => Promise<JobEnd> },
): Promise<ExitCode> {
  const { out } = job;
  const codes: ExitCode[] = [];
  let last: unknown;
  // One object in all: that of the runs together.
  const quiet: Output = { ...out, object: (value) => (last = value) };
  const runs = await repeatRuns<Made>({
    most,
    again: (why) => out.tell(`${why}\n  once more, with other victims`),
    once: async (nth, earlier) => {
      const plans = earlier.map(({ plan }) => plan);
      const plan = nth === 1 ? job.plan : nextPlan(job, plans);
      const { exit, judged, invalidTries, interrupted } = await runJob({
        ...job,
        plan,
        out: quiet,
      });
      const hasVerdict = exit === EXIT.pass || exit === EXIT.fail || exit === EXIT.unknown;
      if (!hasVerdict) codes.push(exit);
      if (interrupted !== null) codes.push(interrupted);
      if (!judged) return { stop: true, run: null };
      const { folder, measurement, verdict } = judged;
      const run = { run: shown(folder), folder, plan, measurement, verdict, invalidTries };
      const { aborted, runComplete } = measurement.completeness;
      const asPlanned = runComplete && aborted === undefined;
      return { stop: !hasVerdict || interrupted !== null || !asPlanned, run };
    },
  });
  if (runs.length === 0) {
    out.object(last);
    return worstExit(codes);
  }
  return tellJoined(runs, { codes, most }, out);
}

function tellJoined(
  runs: readonly Made[],
  { codes, most }: { readonly codes: readonly ExitCode[]; readonly most: number },
  out: Output,
): ExitCode {
  const told = joined(runs);
  const exit = worstExit([...codes, exitOf(told.outcome)]);
  if (runs.length > 1) {
    const names = runs.map(({ run }) => run).join(",");
    out.result([showJoined(told), "", `  again   npx ninety check ${names}`].join("\n"));
  }
  const own = told.runs.map((run, i) => ({
    ...run,
    run: basename(runs[i]!.folder),
    folder: runs[i]!.folder,
    invalidTries: runs[i]!.invalidTries,
  }));
  out.object({ ...told, runs: own, most, exit });
  return exit;
}

/** Runs that are there already, judged together. */
export async function checkTogether(
  given: readonly string[],
  plugins: Plugins,
  out: Output,
): Promise<ExitCode> {
  const names = given.filter((name) => name !== "");
  if (names.length === 0 || names.length > REPEAT_MAX) {
    throw usage(`runs must be 1 to ${REPEAT_MAX}, got ${names.length}`);
  }
  const all: Judged[] = [];
  for (const name of names) {
    const folder = await findRun(name);
    if (isSuiteFolder(folder)) throw usage(`${name} is a suite: name the runs of one experiment`);
    all.push(await judgeFolder(folder, plugins));
  }
  const problems = notOneGroup(all.map(factsOf));
  if (problems.length > 0) {
    throw usage(`not judged together: ${problems.join("; ")}`, "name runs of one experiment");
  }
  const told = joined(all.map((one) => ({ ...one, run: shown(one.folder) })));
  const exit = exitOf(told.outcome);
  out.result(showJoined(told));
  const own = told.runs.map((run, i) => ({
    ...run,
    run: basename(all[i]!.folder),
    folder: all[i]!.folder,
  }));
  out.object({ ...told, runs: own, exit });
  return exit;
}
