// The runs of a suite while it goes on: each a child process, and the book of what they ended with.
import { relative } from "node:path";
import { EXIT, messageOf } from "../model/error.ts";
import { at, listAt, numberAt, textAt } from "../model/json.ts";
import { showMs } from "../model/quantity.ts";
import type { RunResult, StatedRun, SuiteRecord, SuiteRun } from "../model/suite.ts";
import { judgeSuite, runResult } from "../kernel/suite.ts";
import { downInstance } from "../clusters/local/down.ts";
import { localStatus } from "../clusters/local/local.ts";
import { startChild, type Child, type ChildEnd } from "./child-run.ts";
import type { RunOptions } from "./commands/run.ts";
import { VERSION } from "./compose.ts";
import { cacheRoot, listRuns, runsRoot, utcStamp } from "./folders.ts";
import { exitOf, judgeFolder } from "./judging.ts";
import type { Output } from "./output.ts";
import type { Plugins } from "./plugins.ts";
import { phasesMs, type PlannedSuite } from "./suite-files.ts";
import { writeSuiteRecord } from "./suite-record.ts";

/** Each of two tries may wait for builds, deploy, load and teardown. */
const BESIDE_PHASES_MS = 60 * 60_000;
const TRIES_MAX = 2;

export interface SuiteOptions extends RunOptions {
  readonly quick: boolean;
  /** As it was written. */
  readonly parallel: string | undefined;
}

/** What the runs of one suite have in common. */
export interface Runs {
  readonly suite: PlannedSuite;
  readonly options: SuiteOptions;
  readonly seed: string;
  /** The suite's own. */
  readonly folder: string;
  readonly plugins: Plugins;
  readonly out: Output;
  readonly book: SuiteBook;
  /** Those that go on, by experiment. */
  readonly children: Map<string, Child>;
}

type Ended = Partial<Pick<SuiteRun, "folder" | "exit" | "wallMs" | "invalidTries" | "result">> &
  Pick<SuiteRun, "noResult">;

/** suite.json in the making: it is true at any time, also of a suite that was killed. */
export class SuiteBook {
  readonly #folder: string;
  readonly #startMs = performance.now();
  readonly #record: Omit<SuiteRecord, "runs" | "wallMs">;
  readonly #runs: Map<string, SuiteRun>;
  #saving: Promise<void> = Promise.resolve();

  constructor(of: {
    readonly suite: PlannedSuite;
    readonly folder: string;
    readonly startedAt: Date;
    readonly seed: string;
    readonly quick: boolean;
    readonly parallel: number;
    readonly chosen: readonly StatedRun[];
    readonly leftOut: readonly StatedRun[];
  }) {
    const { name, about, claim, contrasts } = of.suite.reading;
    this.#folder = of.folder;
    this.#record = {
      schema: 1,
      suite: name,
      about,
      claim,
      seed: of.seed,
      quick: of.quick,
      parallel: of.parallel,
      ninety: VERSION,
      startedAt: of.startedAt.toISOString(),
      asStated: "unknown",
      contrasts: contrasts.map((one) => ({ ...one, level: null, pairs: [], notCompared: "" })),
      leftOut: of.leftOut.map(({ experiment, about }) => ({
        experiment,
        about,
        why: "left out by --quick: it is long",
      })),
    };
    this.#runs = new Map(of.chosen.map((run) => [run.experiment, openRun(run)]));
  }

  ended(experiment: string, ended: Ended): void {
    const run = this.#runs.get(experiment);
    if (!run) throw new Error(`${experiment} is not of this suite`);
    this.#runs.set(experiment, { ...run, ...ended });
  }

  /** Compared with what was stated, as far as it is known. */
  record(): SuiteRecord {
    const wallMs = Math.round(performance.now() - this.#startMs);
    return judgeSuite({ ...this.#record, wallMs, runs: [...this.#runs.values()] });
  }

  /** One at a time: two runs may end at the same moment. One that failed was told to its caller. */
  save(): Promise<void> {
    this.#saving = this.#saving
      .catch(() => {})
      .then(() => writeSuiteRecord(this.#folder, this.record()));
    return this.#saving;
  }
}

function openRun(run: StatedRun): SuiteRun {
  return {
    ...run,
    folder: null,
    exit: null,
    wallMs: null,
    invalidTries: [],
    result: null,
    noResult: "it has not ended",
    asStated: "unknown",
    why: [],
  };
}

/** One run from its start to its line in the book. Never throws for what the run did. */
export async function runInSuite(run: StatedRun, runs: Runs): Promise<void> {
  const { suite, out, book, children } = runs;
  const { experiment } = run;
  const planned = suite.plans.get(experiment);
  if (!planned) throw new Error(`${experiment} has no plan`);
  const width = Math.max(...suite.reading.runs.map((one) => one.experiment.length));
  const tell = (line: string): void => out.tell(`${experiment.padEnd(width)}  ${line}`);
  // Every run has an instance of its own: none meets what another one left.
  const instance = `${runs.options.instance}-${suite.reading.runs.indexOf(run) + 1}`;
  const wasThere = isThere(instance, runs);
  const startedAt = new Date();
  const child = startChild({
    args: argsOf(planned.file, instance, runs),
    limitMs: TRIES_MAX * (phasesMs(planned) + BESIDE_PHASES_MS),
    line: tell,
  });
  children.set(experiment, child);
  const end = await child.ended;
  children.delete(experiment);
  const ended = await endedOf(end, { experiment, startedAt, runs }).catch(
    (error: unknown): Ended => ({
      noResult: `its record could not be judged: ${messageOf(error)}`,
    }),
  );
  book.ended(experiment, { exit: end.exit, wallMs: Math.round(end.wallMs), ...ended });
  // What is still disturbed is left for `ninety heal`.
  const left = ended.noResult !== "" && end.exit !== EXIT.healFailed && !wasThere;
  if (left) await takeDown(instance, { runs, tell });
  await book.save();
  const got = ended.result?.outcome ?? `no result: ${ended.noResult}`;
  tell(`ended after ${showMs(end.wallMs)}: ${got}, stated ${run.stated.must}`);
}

function argsOf(file: string, instance: string, { options, seed }: Runs): readonly string[] {
  const { context, image, url, install, metricsPort } = options;
  return [
    "run",
    file,
    "--json",
    "--seed",
    seed,
    "--instance",
    instance,
    ...(context === undefined ? [] : ["--context", context]),
    ...(image === undefined ? [] : ["--image", image]),
    ...(url === undefined ? [] : ["--url", url]),
    ...(metricsPort === undefined ? [] : ["--metrics-port", metricsPort]),
    ...(install ? [] : ["--no-install"]),
  ];
}

/** A run that died has left its cluster behind; one that was up before is somebody else's. */
function isThere(instance: string, { options }: Runs): boolean {
  if (options.context !== undefined) return false;
  return localStatus(cacheRoot()).some((one) => one.instance === instance);
}

async function takeDown(
  instance: string,
  of: { readonly runs: Runs; readonly tell: (line: string) => void },
): Promise<void> {
  if (!isThere(instance, of.runs)) return;
  of.tell(`taking down the cluster that it left: ${instance}`);
  try {
    await downInstance(cacheRoot(), instance);
  } catch (error) {
    of.tell(`error: ${messageOf(error)}\nhint: ninety cluster down --instance ${instance}`);
  }
}

/** What a child's end means: its record and its exit code must say the same. */
async function endedOf(
  end: ChildEnd,
  of: { readonly experiment: string; readonly startedAt: Date; readonly runs: Runs },
): Promise<Ended> {
  const { runs } = of;
  const told = objectOf(end.stdout);
  const own = textAt(told, "folder") || (await newestFolder(of));
  const folder = own === "" ? null : relative(runs.folder, own);
  const invalidTries = listAt(told, "invalidTries").map((one) => ({
    folder: relative(runs.folder, textAt(one, "folder")),
    why: listAt(one, "why").map(String),
  }));
  const without = (noResult: string): Ended => ({ folder, invalidTries, noResult });
  const died = howItDied(end, told, own);
  if (died !== null) return without(died);
  const judged = await judgeFolder(own, runs.plugins);
  const result: RunResult = runResult(judged);
  if (exitOf(result.outcome) !== end.exit) {
    return without(`it ended with exit ${end.exit}, and its record with ${result.outcome}`);
  }
  return { folder, invalidTries, result, noResult: "" };
}

/** Null: it ended with a verdict. */
function howItDied(end: ChildEnd, told: unknown, folder: string): string | null {
  const { exit, signal } = end;
  if (signal !== null) return `its process was ended by ${signal}`;
  if (exit === null) return "its process could not be started";
  if (exit === EXIT.healFailed) return `it is still disturbed: npx ninety heal ${folder}`;
  if (exit === EXIT.interrupted || exit === EXIT.terminated)
    return "it was interrupted, and healed";
  if (exit > EXIT.unknown) {
    const error = at(told, "error");
    const why = Array.isArray(error) ? error.map(String).join("; ") : textAt(told, "error");
    return `it ended with exit ${exit}${why === "" ? "" : `: ${why}`}`;
  }
  // What a process prints that is not ours is no result, whatever its exit code.
  const isReport = textAt(told, "outcome") !== "" && numberAt(told, "schema") === 1;
  return isReport ? null : `it ended with exit ${exit} and told no result`;
}

function objectOf(stdout: string): unknown {
  try {
    return JSON.parse(stdout) as unknown;
  } catch {
    return null;
  }
}

/** The newest folder that the run may have written; "" where there is none. */
async function newestFolder(of: {
  readonly experiment: string;
  readonly startedAt: Date;
  readonly runs: Runs;
}): Promise<string> {
  const from = utcStamp(of.startedAt);
  const all = await listRuns(runsRoot());
  const own = all.find(
    ({ experiment, name, kind }) =>
      kind === "run" &&
      experiment === of.experiment &&
      name >= from &&
      name.endsWith(`-${of.runs.seed}`),
  );
  return own?.folder ?? "";
}
