// Many runs, offline: compare, gate, baseline accept.
import { mkdir } from "node:fs/promises";
import { existsSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import type { RunFacts } from "../../model/comparison.ts";
import { EXIT, NinetyError, type ExitCode } from "../../model/error.ts";
import { ratio } from "../../model/quantity.ts";
import { gate, LOOKS_MAX, type GateRule } from "../../kernel/gate.ts";
import { compare, incomparable, notOneGroup } from "../../measure/compare.ts";
import { RUNS_MAX } from "../../measure/rank-test.ts";
import { showComparison, showGate } from "../../reporters/console/comparison.ts";
import { documentText, writeDocument } from "../../store/run-log.ts";
import { listRuns, runsRoot } from "../folders.ts";
import { exitOf } from "../judging.ts";
import type { Output } from "../output.ts";
import { loadPlugins, type Plugins } from "../plugins.ts";
import { refuseFolder, writeMany, type ReportFlag } from "../many-report.ts";
import { baselinesRoot, groupNamed, readBaseline, usage, type PlacedRun } from "../run-facts.ts";

function refuse(problems: readonly string[], what: string): void {
  if (problems.length === 0) return;
  throw usage(`${what}: ${problems.join("; ")}`, "compare runs that asked the same question");
}

/** Two groups of runs of one experiment. */
export async function compareRuns(
  before: string,
  after: string,
  flags: ReportFlag,
  out: Output,
): Promise<ExitCode> {
  const plugins = await loadPlugins();
  refuseFolder(flags);
  const a = await groupNamed(before, plugins);
  const b = await groupNamed(after, plugins);
  refuse(incomparable(factsOf(a), factsOf(b)), "not compared");
  const comparison = compare(factsOf(a), factsOf(b));
  out.result(showComparison(comparison));
  await writeMany({ kind: "comparison", comparison }, { a, b, plugins, out, ...flags });
  out.object(comparison);
  return exitOf(comparison.outcome);
}

export interface GateFlags extends ReportFlag {
  readonly baseline: string;
  readonly tolerate: string;
  readonly see: string;
  readonly looks: string;
}

/** Candidate runs against objectives and a baseline; without names the runs since its last one. */
export async function gateRuns(
  runs: readonly string[],
  flags: GateFlags,
  out: Output,
): Promise<ExitCode> {
  const rule = ruleOf(flags);
  const plugins = await loadPlugins();
  refuseFolder(flags);
  const baseline = await readBaseline(baselineFolder(flags.baseline));
  const candidates =
    runs.length > 0 ? await allNamed(runs, plugins) : await since(factsOf(baseline), plugins);
  refuse(incomparable(factsOf(baseline), factsOf(candidates)), "gate");
  const told = gate(factsOf(baseline), factsOf(candidates), { rule });
  out.result(showGate(told));
  const groups = { a: baseline, b: candidates };
  await writeMany({ kind: "gate", gate: told }, { ...groups, plugins, out, ...flags });
  out.object(told);
  return exitOf(told.outcome);
}

const factsOf = (runs: readonly PlacedRun[]): readonly RunFacts[] => runs.map(({ facts }) => facts);

/** A folder, or the name of one in reports/baselines. */
function baselineFolder(given: string): string {
  const named = join(baselinesRoot(), given);
  return !given.includes("/") && existsSync(named) ? named : resolve(given);
}

async function allNamed(runs: readonly string[], plugins: Plugins): Promise<readonly PlacedRun[]> {
  const groups: PlacedRun[] = [];
  for (const run of runs) groups.push(...(await groupNamed(run, plugins)));
  return groups;
}

/** Runs of the baseline's experiment that are newer than all that it holds. */
async function since(
  baseline: readonly RunFacts[],
  plugins: Plugins,
): Promise<readonly PlacedRun[]> {
  const experiment = baseline[0]?.experiment ?? "";
  const last = baseline.map(({ run }) => run).reduce((a, b) => (a > b ? a : b), "");
  const newer = (await listRuns(runsRoot())).filter(
    (run) => run.kind === "run" && run.experiment === experiment && run.name > last,
  );
  if (newer.length === 0) {
    throw usage(
      `no run of ${experiment} in ${runsRoot()} is newer than the baseline's last, ${last}`,
      `start one: npm run experiment -- ${experiment}`,
    );
  }
  if (newer.length > RUNS_MAX) {
    throw usage(`runs must be at most ${RUNS_MAX}, got ${newer.length}`, "name those that count");
  }
  return allNamed(
    newer.map(({ folder }) => folder),
    plugins,
  );
}

function ruleOf({ tolerate, see, looks }: GateFlags): GateRule {
  const share = (flag: string, text: string): number => {
    try {
      // More than all is a share too: twice as long is 100 % worse.
      const hit = /^(\d+(?:\.\d+)?)%$/.exec(text);
      return hit && Number(hit[1]) > 100 ? Number(hit[1]) / 100 : ratio(text);
    } catch {
      throw usage(`${flag} must be a share such as 25%, got ${text}`);
    }
  };
  const rule = {
    tolerate: share("--tolerate", tolerate),
    see: share("--see", see),
    looks: looks.split(",").map(Number),
  };
  const isRising = rule.looks.every(
    (runs, i) => Number.isInteger(runs) && runs >= 1 && (i === 0 || runs > rule.looks[i - 1]!),
  );
  if (!isRising || rule.looks.length > LOOKS_MAX || rule.looks.at(-1)! > RUNS_MAX) {
    throw usage(
      `--looks must be 1 to ${LOOKS_MAX} rising counts up to ${RUNS_MAX} such as 3,5,8,12, got ${looks}`,
    );
  }
  if (rule.see <= rule.tolerate) {
    throw usage(`--see must be more than --tolerate ${tolerate}, got ${see}`);
  }
  return rule;
}

/** Keeps what comparisons need of runs that passed; beside those that the baseline has already. */
export async function acceptBaseline(
  runs: readonly string[],
  name: string,
  out: Output,
): Promise<ExitCode> {
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) {
    throw usage(`--name must be kebab-case such as gpu-loss, got ${name}`);
  }
  const accepted = factsOf(await allNamed(runs, await loadPlugins()));
  const folder = join(baselinesRoot(), name);
  const before = existsSync(folder) ? factsOf(await readBaseline(folder)) : [];
  const notPassed = accepted.filter(({ outcome }) => outcome !== "pass");
  if (notPassed.length > 0) {
    const told = notPassed.map(({ run, outcome }) => `${run} is ${outcome}`).join(", ");
    throw usage(`a baseline is of runs that passed: ${told}`, "ninety check <run> says why");
  }
  refuse(unlikeOne([...before, ...accepted]), "not accepted");
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw new NinetyError(`cannot make ${folder}`, { exit: EXIT.usage, cause });
  });
  const files: string[] = [];
  for (const facts of accepted) {
    const file = `${basename(facts.run)}.json`;
    await writeDocument(folder, file, documentText(facts));
    files.push(relative(process.cwd(), join(folder, file)));
  }
  out.result([...files, `${name}: ${before.length + accepted.length} runs`].join("\n"));
  out.object({ baseline: name, folder, files, runs: before.length + accepted.length });
  return EXIT.pass;
}

/** Why these runs are not one group. */
function unlikeOne(runs: readonly RunFacts[]): readonly string[] {
  const names = runs.map(({ run }) => run);
  const twice = names.find((run, i) => names.indexOf(run) < i);
  if (twice !== undefined) return [`run ${twice} is there twice`];
  return notOneGroup(runs);
}
