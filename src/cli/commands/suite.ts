// A suite: its runs as child processes of this command, what they ended with, and one report.
import { mkdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { EXIT, NinetyError, worstExit, type ExitCode } from "../../model/error.ts";
import { showMs } from "../../model/quantity.ts";
import type { StatedRun } from "../../model/suite.ts";
import { suiteExit } from "../../kernel/suite.ts";
import { runsRoot, utcStamp } from "../folders.ts";
import type { Output } from "../output.ts";
import { loadPlugins, type Plugins } from "../plugins.ts";
import { exitFor, onPress } from "../signals.ts";
import { phasesMs, planSuite, type PlannedSuite } from "../suite-files.ts";
import { judgeSuiteFolder, suiteText, writeSuiteReports } from "../suite-record.ts";
import { SuiteBook, runInSuite, type Runs, type SuiteOptions } from "../suite-runs.ts";
import { chosenSeed } from "./run.ts";

const PARALLEL_MAX = 4;
/** `-50` is added to the instance's name, and a name has at most 32 characters. */
const INSTANCE_MAX = 29;

/** How many runs at a time. Throws with exit 3 where the options do not go together. */
function parallelOf({
  parallel = "1",
  keep,
  context,
  instance,
  metricsPort,
}: SuiteOptions): number {
  const refuse = (message: string, hint: string): never => {
    throw new NinetyError(message, { exit: EXIT.usage, hint });
  };
  const count = Number(parallel);
  if (!Number.isInteger(count) || count < 1 || count > PARALLEL_MAX) {
    refuse(`--parallel must be 1 to ${PARALLEL_MAX}, got ${parallel}`, "runs at the same time");
  }
  if (keep) refuse("--keep is for one experiment, got a suite", "each run has its own cluster");
  if (count > 1 && context !== undefined) {
    refuse(`--parallel must be 1 with --context, got ${parallel}`, "runs would measure each other");
  }
  if (count > 1 && metricsPort !== undefined && Number(metricsPort) !== 0) {
    refuse(`--metrics-port must be 0 with --parallel, got ${metricsPort}`, "a port for each run");
  }
  if (instance.length > INSTANCE_MAX) {
    refuse(
      `--instance must have at most ${INSTANCE_MAX} characters for a suite, got ${instance}`,
      "the number of the run is added",
    );
  }
  return count;
}

/** Which runs go on; the others are told in every output. */
function choose(
  { reading }: PlannedSuite,
  quick: boolean,
): { readonly chosen: readonly StatedRun[]; readonly leftOut: readonly StatedRun[] } {
  const chosen = reading.runs.filter(({ long }) => !(quick && long));
  if (chosen.length === 0) {
    throw new NinetyError(`--quick leaves no run of ${reading.name}: all are long`, {
      exit: EXIT.usage,
    });
  }
  return { chosen, leftOut: reading.runs.filter((run) => !chosen.includes(run)) };
}

/** Runs a suite: 0 as stated, 1 not, 2 nobody can tell; 130 and 143 interrupted, healed. */
export async function runSuite(
  given: string,
  options: SuiteOptions,
  out: Output,
): Promise<ExitCode> {
  const parallel = parallelOf(options);
  const plugins = await loadPlugins();
  const seed = chosenSeed(options.seed);
  const suite = await planSuite(given, seed, plugins);
  const { chosen, leftOut } = choose(suite, options.quick);
  const startedAt = new Date();
  const folder = join(runsRoot(), suite.reading.name, `${utcStamp(startedAt)}-${seed}`);
  await mkdir(folder, { recursive: true });
  const { quick } = options;
  const book = new SuiteBook({ suite, folder, startedAt, seed, quick, parallel, chosen, leftOut });
  await book.save();
  out.tell(`${suite.reading.name}  seed ${seed}  ${relative(process.cwd(), folder)}`);
  const expected = chosen.reduce((sum, run) => sum + plannedMs(suite, run), 0);
  out.tell(`${chosen.length} runs, phases of ${showMs(expected)} in all, ${parallel} at a time`);
  for (const { experiment } of leftOut) out.tell(`${experiment}  left out: long, and --quick`);
  const runs: Runs = { suite, options, seed, folder, plugins, out, book, children: new Map() };
  const caught = await runAll(inOrder(suite, chosen, parallel), parallel, runs);
  return conclude(runs, caught);
}

const plannedMs = ({ plans }: PlannedSuite, { experiment }: StatedRun): number => {
  const planned = plans.get(experiment);
  return planned ? phasesMs(planned) : 0;
};

/** As written; side by side the longest first, so that none is left to run alone at the end. */
function inOrder(
  suite: PlannedSuite,
  chosen: readonly StatedRun[],
  parallel: number,
): readonly StatedRun[] {
  if (parallel === 1) return chosen;
  return [...chosen].sort((a, b) => plannedMs(suite, b) - plannedMs(suite, a));
}

/** All runs, at most `parallel` at a time; returns the exit code that a signal asked for. */
async function runAll(
  queue: readonly StatedRun[],
  parallel: number,
  runs: Runs,
): Promise<ExitCode | null> {
  const { children, out, book } = runs;
  let caught: ExitCode | null = null;
  const end = onPress((signal) => {
    caught ??= exitFor(signal);
    out.tell(`${signal}: ${children.size} runs heal and tear down; no other begins`);
    for (const child of children.values()) child.signal(signal);
  });
  const waiting = [...queue];
  const work = async (): Promise<void> => {
    for (let run = waiting.shift(); run !== undefined; run = waiting.shift()) {
      if (caught === null) await runInSuite(run, runs);
      else book.ended(run.experiment, { noResult: "it was not begun: interrupted" });
    }
  };
  // No run is left alone: what fails beside one is told when all have ended.
  const ends = await Promise.allSettled(Array.from({ length: parallel }, work));
  end();
  const failed = ends.find((one) => one.status === "rejected");
  if (failed) throw failed.reason;
  return caught;
}

async function conclude(runs: Runs, caught: ExitCode | null): Promise<ExitCode> {
  const { book, folder, plugins, out } = runs;
  const suite = book.record();
  await book.save();
  await writeSuiteReports(folder, suite, plugins);
  const exit = worstExit([suiteExit(suite), ...(caught === null ? [] : [caught])]);
  out.result(suiteText(suite, relative(process.cwd(), folder), plugins));
  out.object({ ...suite, folder, exit });
  return exit;
}

/** Prints what a suite would run, touching nothing. */
export async function showSuite(
  given: string,
  seed: string | undefined,
  out: Output,
): Promise<ExitCode> {
  const chosen = chosenSeed(seed);
  const suite = await planSuite(given, chosen, await loadPlugins());
  const { name, about, claim, runs, contrasts } = suite.reading;
  const planned = runs.map((run) => ({ ...run, ...plannedText(suite, run) }));
  const sum = (all: typeof planned): number => all.reduce((ms, one) => ms + one.phasesMs, 0);
  const [all, quick] = [sum(planned), sum(planned.filter(({ long }) => !long))];
  out.object({ suite: name, about, claim, seed: chosen, runs: planned, contrasts, phasesMs: all });
  const long = all === quick ? "" : `, ${showMs(quick)} with --quick`;
  out.result(
    [
      `${name}  seed ${chosen}`,
      `  ${about}`,
      ...planned.flatMap(({ experiment, stated, long, text, phasesMs: ms }) => [
        `  ${experiment} must ${stated.must}${long ? " (long)" : ""}: at most ${showMs(ms)}`,
        ...text.map((line) => `      ${line}`),
      ]),
      ...contrasts.map(({ title, before, after }) => `  contrast ${before} → ${after}: ${title}`),
      `  phases at most ${showMs(all)}${long}; each run's cluster comes on top, less than a minute`,
    ].join("\n"),
  );
  return EXIT.pass;
}

/** A run's plan in a few lines. */
function plannedText(
  { plans }: PlannedSuite,
  { experiment }: StatedRun,
): { readonly file: string; readonly phasesMs: number; readonly text: readonly string[] } {
  const one = plans.get(experiment);
  if (!one) throw new Error(`${experiment} has no plan`);
  const { plan, file } = one;
  const steps = plan.steps.map(({ id, fault, injectMs, healMs }) => {
    const until = healMs === null ? "once" : `until ${showMs(healMs)}`;
    return `${id} ${fault} from ${showMs(injectMs)} ${until}`;
  });
  return { file, phasesMs: phasesMs(one), text: [plan.hypothesis, ...steps] };
}

/** Compares a suite's runs again, from their records. */
export async function checkSuite(folder: string, plugins: Plugins, out: Output): Promise<ExitCode> {
  const { suite, again } = await judgeSuiteFolder(folder, plugins);
  out.tell(`${again} of ${suite.runs.length} runs judged again from their records`);
  out.result(suiteText(suite, relative(process.cwd(), folder) || ".", plugins));
  const exit = suiteExit(suite);
  out.object({ ...suite, folder, exit });
  return exit;
}

/** Renders a suite's reports again. Returns their files. */
export async function reportSuite(folder: string, plugins: Plugins): Promise<readonly string[]> {
  const { suite } = await judgeSuiteFolder(folder, plugins);
  return writeSuiteReports(folder, suite, plugins);
}
