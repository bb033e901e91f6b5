// An experiment run again until its objectives are decided: how often, whom, and the joint verdict.
// Pure but for the runs themselves.
import { absent, atLeast, atMost, beyond, value, type Measured } from "../model/measured.ts";
import type { Measurement } from "../model/measurement.ts";
import type { Plan } from "../model/plan.ts";
import type { Joined, JoinedObjective, JoinedRun } from "../model/repeated.ts";
import { decides, worst, type Finding, type Outcome, type Verdict } from "../model/verdict.ts";
import { meanShare } from "../measure/mean-share.ts";
import {
  commonHorizon,
  restrictedMean,
  survivalQuantile,
  type Subject,
} from "../measure/survival.ts";

export const REPEAT_MAX = 20;

export interface RunToJoin {
  /** Its name or folder. */
  readonly run: string;
  readonly measurement: Measurement;
  readonly verdict: Verdict;
}

/**
 * Runs until the joint verdict is pass or fail, at most `most` times. `stop`: whatever it says, no
 * other may follow; `run` null: it has no verdict.
 */
export async function repeatRuns<R extends RunToJoin>(of: {
  readonly most: number;
  readonly once: (
    nth: number,
    earlier: readonly R[],
  ) => Promise<{ readonly stop: boolean; readonly run: R | null }>;
  /** Told before each run but the first. */
  readonly again: (why: string) => void;
}): Promise<readonly R[]> {
  const runs: R[] = [];
  for (let nth = 1; nth <= of.most; nth += 1) {
    if (nth > 1) of.again(`unknown after ${nth - 1} of at most ${of.most} runs: ${open(runs)}`);
    const { stop, run } = await of.once(nth, runs);
    if (run) runs.push(run);
    if (stop || run === null || joined(runs).outcome !== "unknown") break;
  }
  return runs;
}

function open(runs: readonly RunToJoin[]): string {
  return joined(runs).why.join("; ");
}

/** Of plans for the next run the one whose victims were met least; the first of equals. */
export function leastMet(candidates: readonly Plan[], earlier: readonly Plan[]): Plan {
  const met = ({ steps }: Plan): number =>
    steps.reduce((sum, { slots }, step) => {
      const before = earlier.flatMap((plan) => plan.steps[step]?.slots ?? []);
      return sum + before.filter((slot) => slots.includes(slot)).length;
    }, 0);
  const [first] = candidates;
  if (!first) throw new Error("no plan to choose from");
  return candidates.reduce((best, plan) => (met(plan) < met(best) ? plan : best), first);
}

/**
 * A run that fails fails them all. An objective that all runs pass passes; where one is unknown the
 * mean over the runs decides, with its whole interval. Runs that say nothing are left out.
 */
export function joined(all: readonly RunToJoin[]): Joined {
  const runs = all.map((one): JoinedRun & { readonly findings: readonly Finding[] } => ({
    run: one.run,
    seed: one.verdict.seed,
    outcome: one.verdict.outcome,
    leftOut: leftOut(one),
    findings: one.verdict.findings.filter(({ outcome }) => decides(outcome)),
  }));
  const counted = runs.filter((run) => run.leftOut === "");
  const objectives = [...byObjective(counted.flatMap(({ findings }) => findings))].map((findings) =>
    objectiveOf(findings, { runs: counted.length }),
  );
  const outcome = worst(objectives.map((one) => one.outcome));
  const undecided = objectives.filter((one) => one.outcome === outcome);
  return {
    schema: 1,
    experiment: all[0]?.verdict.experiment ?? "",
    outcome,
    runs: runs.map(({ run, seed, outcome: own, leftOut: why }) => ({
      run,
      seed,
      outcome: own,
      leftOut: why,
    })),
    objectives,
    why:
      counted.length === 0
        ? ["no run said anything"]
        : outcome === "pass"
          ? []
          : undecided.map(({ what }) => what),
  };
}

const VALID = ["steady-clean", "load-held"];

/** Why a run says nothing about the service; one that failed does. */
function leftOut({ measurement: { completeness }, verdict }: RunToJoin): string {
  if (completeness.aborted !== undefined) return `ended before its time: ${completeness.aborted}`;
  if (verdict.outcome === "fail") return "";
  if (!completeness.runComplete) return "it did not go as planned";
  const open = verdict.findings.filter(({ outcome }) => outcome === "unknown");
  const invalid = open.find(({ check }) => VALID.includes(check));
  if (invalid) return `INVALID: ${invalid.what}`;
  for (const { observed, what } of open) {
    if (observed.is === "absent") return `${what}: ${observed.why}`;
  }
  return "";
}

function byObjective(findings: readonly Finding[]): Iterable<readonly Finding[]> {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const { check, what, limit } = finding;
    const key = JSON.stringify([check, what, limit]);
    const known = groups.get(key);
    if (known) known.push(finding);
    else groups.set(key, [finding]);
  }
  return groups.values();
}

function objectiveOf(
  findings: readonly Finding[],
  { runs }: { readonly runs: number },
): JoinedObjective {
  const { check, what, limit } = findings[0]!;
  const count = (wanted: Outcome): number =>
    findings.filter(({ outcome }) => outcome === wanted).length;
  const [passed, failed, unknown] = [count("pass"), count("fail"), count("unknown")];
  const mean = findings.length === 1 ? findings[0]!.observed : meanOf(findings.map(observedOf));
  const judged = { check, what, observed: mean, about: [] };
  const [byMean] = "max" in limit ? atMost(judged, limit.max) : atLeast(judged, limit.min);
  const own = worst(findings.map(({ outcome }) => outcome));
  const outcome = own === "unknown" ? (byMean?.outcome ?? own) : own;
  return {
    check,
    what,
    limit,
    outcome: decides(outcome) ? outcome : "unknown",
    passed,
    failed,
    unknown,
    mean,
    group: { ...groupOf(findings), leftOut: runs - findings.length },
  };
}

const observedOf = ({ observed }: Finding): Measured => observed;

const subject = (observed: Measured, end: "value" | "low" | "high"): Subject | null => {
  if (observed.is === "absent") return null;
  return observed.is === "beyond"
    ? { time: observed.low, ended: false }
    : { time: observed[end], ended: true };
};

function subjectsOf(all: readonly Measured[], end: "value" | "low" | "high"): readonly Subject[] {
  return all.flatMap((observed) => subject(observed, end) ?? []);
}

function groupOf(findings: readonly Finding[]): Omit<JoinedObjective["group"], "leftOut"> {
  const all = findings.map(observedOf);
  const subjects = subjectsOf(all, "value");
  const unit = all[0]?.unit ?? "count";
  return {
    n: subjects.length,
    censored: subjects.filter(({ ended }) => !ended).length,
    median: survivalQuantile(unit, subjects, 0.5),
    restrictedMean: restrictedMean(unit, subjects, commonHorizon([subjects])),
  };
}

/**
 * The mean over the runs: its interval (95 %, Student's over the runs) from the lower ends to the
 * upper ones. Of runs that were not observed to their end it is more than the lower one. Each run's
 * interval of a share is chance, of which more runs leave less: see `meanShare`.
 */
function meanOf(all: readonly Measured[]): Measured {
  const unit = all[0]?.unit ?? "count";
  if (all.some(({ is }) => is === "absent")) return absent(unit, "a run did not measure it");
  const values = all.flatMap((one) => (one.is === "value" ? [one] : []));
  if (unit === "ratio" && values.length === all.length) return meanShare(values);
  const lows = subjectsOf(all, "low");
  const highs = subjectsOf(all, "high");
  const n = all.length;
  if (lows.some(({ ended }) => !ended)) {
    const mean = restrictedMean(unit, lows, commonHorizon([lows]));
    return beyond(unit, mean.is === "value" ? mean.low : 0, n);
  }
  // A mean that is restricted to what was longest would never be longer than it.
  const horizon = 1_000 * Math.max(1, ...highs.map(({ time }) => time));
  const [low, middle, high] = [lows, subjectsOf(all, "value"), highs].map((subjects) =>
    restrictedMean(unit, subjects, horizon),
  );
  if (low?.is !== "value" || middle?.is !== "value" || high?.is !== "value") {
    return absent(unit, "no run was measured");
  }
  return value(unit, { value: middle.value, low: low.low, high: high.high, n });
}
