// Runs as comparisons know them: judged anew from their records, or read from a baseline.
import { existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import type { MetricOfRun, RunFacts } from "../model/comparison.ts";
import { EXIT, NinetyError, messageOf } from "../model/error.ts";
import { at, listAt, numberAt, stableText, textAt } from "../model/json.ts";
import type { RunRecord } from "../model/record.ts";
import { metricsOf, questionOf } from "../measure/run-metrics.ts";
import { RUNS_MAX } from "../measure/rank-test.ts";
import { planSha256, sha256 } from "../store/plan-hash.ts";
import { isSuiteFolder, listRuns, runsRoot } from "./folders.ts";
import { judgeFolder, type Judged } from "./judging.ts";
import type { Plugins } from "./plugins.ts";

/** What a baseline keeps of a run. */
export function factsOf({ folder, record, measurement, verdict }: Judged): RunFacts {
  const { plan, environment } = record;
  const stack = plan.stack.map((part) => [part.part, sha256(stableText(part))] as const);
  return {
    schema: 1,
    run: basename(folder),
    sha256: identityOf(record),
    experiment: plan.experiment,
    seed: plan.seed,
    startedAt: environment?.startedAt ?? null,
    outcome: verdict.outcome,
    level: measurement.level,
    planSha256: environment?.planSha256 ?? planSha256(plan),
    question: questionOf(plan),
    stack: Object.fromEntries(stack),
    environment: {
      ninety: environment?.ninety ?? "unknown",
      gitCommit: environment?.gitCommit ?? null,
      clusterKind: environment?.cluster.kind ?? "unknown",
      kubernetes: environment?.cluster.kubernetes ?? "unknown",
      machine: environment?.machine ?? {},
    },
    metrics: metricsOf(measurement),
  };
}

/** By what happened and what clients got, in any order: folders may be copied and renamed. */
function identityOf({ events, requests }: RunRecord): string {
  const lines = [
    ...events.map((event) => stableText(event)),
    ...Array.from(requests, (one) => [one.scenario, one.id, one.intendedUs, one.outcome].join(" ")),
  ];
  return sha256(lines.sort().join("\n"));
}

/** A run with where to read on: its report or folder, or its file in a baseline. */
export interface PlacedRun {
  readonly facts: RunFacts;
  readonly place: string;
}

/** Where a name may be used for a baseline's folder. */
export function baselinesRoot(): string {
  return resolve("reports", "baselines");
}

/**
 * The runs that `given` names, separated by commas: a run's folder or name, a folder of runs such
 * as reports/runs/<experiment>, a baseline's folder. Throws with exit 3 where there is none.
 */
export async function groupNamed(given: string, plugins: Plugins): Promise<readonly PlacedRun[]> {
  const runs: PlacedRun[] = [];
  for (const one of given.split(",").filter((part) => part !== "")) {
    runs.push(...(await factsNamed(one, plugins)));
    if (runs.length > RUNS_MAX) {
      throw usage(`runs must be at most ${RUNS_MAX}, got more in ${given}`);
    }
  }
  if (runs.length === 0) throw usage(`runs must be named, got ${JSON.stringify(given)}`);
  return runs;
}

async function factsNamed(given: string, plugins: Plugins): Promise<readonly PlacedRun[]> {
  const named = (await listRuns(runsRoot())).find(({ name }) => name === given);
  const folder = named?.folder ?? resolve(given);
  const isFolder = await stat(folder).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) {
    throw usage(
      `run must be a folder or the name of one, got ${given}`,
      "list them: ninety list runs",
    );
  }
  if (isSuiteFolder(folder)) throw usage(`${given} is a suite: name the runs of one experiment`);
  if (existsSync(join(folder, "plan.json"))) {
    return [await placed(folder, plugins)];
  }
  const names = (await readdir(folder)).sort();
  const records = names.filter((name) => existsSync(join(folder, name, "plan.json")));
  if (records.length === 0) return readBaseline(folder);
  if (records.length > RUNS_MAX) {
    throw usage(`runs must be at most ${RUNS_MAX}, got ${records.length} in ${folder}`);
  }
  const runs: PlacedRun[] = [];
  for (const name of records) runs.push(await placed(join(folder, name), plugins));
  return runs;
}

async function placed(folder: string, plugins: Plugins): Promise<PlacedRun> {
  const facts = factsOf(await judgeFolder(folder, plugins));
  const report = join(folder, "report.html");
  return { facts, place: existsSync(report) ? report : folder };
}

/** All runs of a baseline, by name. Throws with exit 3 where it has none or one is not whole. */
export async function readBaseline(folder: string): Promise<readonly PlacedRun[]> {
  const names = (await readdir(folder).catch(() => [] as string[])).sort();
  const files = names.filter((name) => name.endsWith(".json"));
  if (files.length === 0) {
    throw usage(
      `${folder} must hold runs or be a baseline, got neither`,
      "make one: ninety baseline accept <runs…> --name <name>",
    );
  }
  if (files.length > RUNS_MAX) {
    throw usage(`runs must be at most ${RUNS_MAX}, got ${files.length} in ${folder}`);
  }
  return Promise.all(
    files.map(async (name) => {
      const place = join(folder, name);
      return { facts: await readFacts(place), place };
    }),
  );
}

async function readFacts(path: string): Promise<RunFacts> {
  let read: unknown;
  try {
    read = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    throw usage(`${path} must be JSON: ${messageOf(error)}`);
  }
  const problem = problemOf(read);
  if (problem !== null) {
    throw usage(`${path} must be what baseline accept writes, got ${problem}`);
  }
  return read as RunFacts;
}

const TEXTS = ["run", "sha256", "experiment", "seed", "outcome", "level", "planSha256"] as const;

/** What keeps it from being compared, or null. */
function problemOf(read: unknown): string | null {
  if (numberAt(read, "schema") !== 1) return "another schema than 1";
  const missing = TEXTS.find((field) => textAt(read, field) === "");
  if (missing !== undefined) return `no ${missing}`;
  const isTree = (...path: readonly string[]): boolean =>
    typeof at(read, ...path) === "object" && at(read, ...path) !== null;
  for (const field of ["question", "stack", "environment"] as const) {
    if (!isTree(field)) return `no ${field}`;
  }
  const metrics = listAt(read, "metrics");
  if (metrics.length === 0) return "no metrics";
  return metrics.every(isMetric) ? null : "a metric without name, unit or time";
}

function isMetric(one: unknown): boolean {
  const units: readonly string[] = ["ms", "count", "ratio"] satisfies MetricOfRun["unit"][];
  if (textAt(one, "metric") === "" || !units.includes(textAt(one, "unit"))) return false;
  if (at(one, "got") === null) return true;
  const time = at(one, "got", "time");
  const isTime = typeof time === "number" && Number.isFinite(time) && time >= 0;
  return isTime && typeof at(one, "got", "ended") === "boolean";
}

export function usage(message: string, hint?: string): NinetyError {
  return new NinetyError(message, { exit: EXIT.usage, ...(hint === undefined ? {} : { hint }) });
}
