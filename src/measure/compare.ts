// Two groups of runs of one experiment, metric by metric. Pure.
import type {
  Comparison,
  GroupOfRuns,
  MetricComparison,
  MetricOfRun,
  Reading,
  RunFacts,
} from "../model/comparison.ts";
import { absent, beyond, value, type Measured } from "../model/measured.ts";
import type { Ratio } from "../model/quantity.ts";
import type { Outcome } from "../model/verdict.ts";
import { detectableShift } from "./detectable.ts";
import { rankNulls, rankTest, RUNS_MAX, shiftOf, smallestP, type Nulls } from "./rank-test.ts";
import { differences, SAME_AS } from "./run-metrics.ts";
import { commonHorizon, restrictedMean, survivalQuantile, type Subject } from "./survival.ts";

export const ALPHA = 0.05;

type Unit = MetricOfRun["unit"];

/** What the runs of both groups said of one metric. */
export interface MetricGroups {
  readonly metric: string;
  readonly unit: Unit;
  readonly a: readonly Subject[];
  readonly b: readonly Subject[];
  readonly leftOut: { readonly a: number; readonly b: number };
}

/** Metric by metric, in the order of the first run that has it. */
export function metricGroups(
  a: readonly RunFacts[],
  b: readonly RunFacts[],
): readonly MetricGroups[] {
  const all = new Map(
    [...a, ...b].flatMap(({ metrics }) => metrics.map((one) => [one.metric, one])),
  );
  const of = (runs: readonly RunFacts[], metric: string): readonly Subject[] =>
    runs.flatMap(({ metrics }) => metrics.find((one) => one.metric === metric)?.got ?? []);
  return [...all].map(([metric, { unit }]) => {
    const [before, after] = [of(a, metric), of(b, metric)];
    const leftOut = { a: a.length - before.length, b: b.length - after.length };
    return { metric, unit, a: before, b: after, leftOut };
  });
}

/** Why these runs cannot be compared, a sentence each; empty: they can. */
export function incomparable(a: readonly RunFacts[], b: readonly RunFacts[]): readonly string[] {
  if (a.length === 0 || b.length === 0) return ["a group has no run"];
  const problem = unlikeAny([...a, ...b]);
  return problem === null ? [...mixed(a), ...mixed(b)] : [problem];
}

/** Why these runs are not one group: the same question, asked of one stack. */
export function notOneGroup(runs: readonly RunFacts[]): readonly string[] {
  const problem = unlikeAny(runs);
  return problem === null ? mixed(runs) : [problem];
}

function unlikeAny(all: readonly RunFacts[]): string | null {
  if (all.length > RUNS_MAX) return `runs must be at most ${RUNS_MAX}, got ${all.length}`;
  const twice = all.find((run, i) => all.findIndex(({ sha256 }) => sha256 === run.sha256) < i);
  if (twice) return `run ${twice.run} is there twice`;
  for (const run of all) {
    const problem = unlike(all[0]!, run);
    if (problem !== null) return problem;
  }
  return null;
}

/** Why a run answers another question than the first one, or null. */
function unlike(first: RunFacts, run: RunFacts): string | null {
  const facts: readonly (readonly [what: string, of: (run: RunFacts) => string])[] = [
    ["experiment", ({ experiment }) => experiment],
    ["evidence level", ({ level }) => level],
    ["kind of cluster", ({ environment }) => environment.clusterKind],
  ];
  for (const [what, of] of facts) {
    if (of(first) !== of(run)) {
      return `${what} must be the same: ${of(first)} of ${first.run}, ${of(run)} of ${run.run}`;
    }
  }
  const [other] = differences(first.question, run.question);
  return other === undefined
    ? null
    : `plans must be the same but for seed, stack and checks: ${first.run} and ${run.run} differ in ${other}`;
}

/** A group is of one stack. */
function mixed(group: readonly RunFacts[]): readonly string[] {
  const [first] = group;
  const other = group.find((run) => stackDiffers(first!, run).length > 0);
  if (!first || !other) return [];
  const parts = stackDiffers(first, other).join(", ");
  return [
    `runs of one group must have one stack: ${first.run} and ${other.run} differ in ${parts}`,
  ];
}

function stackDiffers({ stack: one }: RunFacts, { stack: other }: RunFacts): readonly string[] {
  const parts = [...new Set([...Object.keys(one), ...Object.keys(other)])].sort();
  return parts.filter((part) => one[part] !== other[part]);
}

/** How the groups differ and may: stack, versions and machine. */
export function groupsDiffer(a: readonly RunFacts[], b: readonly RunFacts[]): readonly string[] {
  const parts = stackDiffers(a[0]!, b[0]!).map((part) => `stack: part ${part} is another`);
  const facts = [
    ["ninety", (run: RunFacts) => run.environment.ninety],
    ["commit", (run: RunFacts) => run.environment.gitCommit ?? "unknown"],
    ["Kubernetes", (run: RunFacts) => run.environment.kubernetes],
    ["machine", (run: RunFacts) => JSON.stringify(run.environment.machine)],
  ] as const;
  const told = facts.flatMap(([what, of]) => {
    const [one, two] = [a, b].map((group) => [...new Set(group.map(of))].sort().join(" and "));
    return one === two ? [] : [`${what}: ${one}, ${two}`];
  });
  return [...parts, ...told];
}

/** What both groups said, side by side, without any test. */
export function described(
  { unit, a, b, leftOut }: MetricGroups,
  nulls: Nulls,
): Pick<MetricComparison, "a" | "b" | "shift" | "shiftConfidence"> {
  const horizon = commonHorizon([a, b]);
  const shift = a.length > 0 && b.length > 0 ? shiftTold(unit, { a, b }, nulls) : null;
  return {
    a: groupOf(unit, a, { horizon, leftOut: leftOut.a }),
    b: groupOf(unit, b, { horizon, leftOut: leftOut.b }),
    shift: shift?.shift ?? absent(unit, "a group has no run that was measured"),
    shiftConfidence: shift?.confidence ?? 0,
  };
}

function groupOf(
  unit: Unit,
  subjects: readonly Subject[],
  { horizon, leftOut }: { readonly horizon: number; readonly leftOut: number },
): GroupOfRuns {
  return {
    n: subjects.length,
    censored: subjects.filter(({ ended }) => !ended).length,
    leftOut,
    median: survivalQuantile(unit, subjects, 0.5),
    restrictedMean: restrictedMean(unit, subjects, horizon),
  };
}

function shiftTold(
  unit: Unit,
  { a, b }: Pick<MetricGroups, "a" | "b">,
  nulls: Nulls,
): { readonly shift: Measured; readonly confidence: Ratio } {
  if (a.some(({ ended }) => !ended)) {
    const why = "runs before did not come back: the ratio of restricted means tells";
    return { shift: absent(unit, why), confidence: 0 };
  }
  const { value: middle, low, high, confidence } = shiftOf(a, b, nulls);
  const n = a.length + b.length;
  if (low === Infinity) {
    return { shift: absent(unit, "no run after came back"), confidence: 0 };
  }
  const shift = Number.isFinite(high)
    ? value(unit, { value: middle, low, high, n })
    : beyond(unit, low, n);
  return { shift, confidence };
}

/** Of the restricted means; its interval is that of both intervals together. */
function ratioOf(a: Measured, b: Measured): Measured<"times"> {
  if (a.is !== "value" || b.is !== "value") return absent("times", "a group has no mean");
  if (a.value <= 0) return absent("times", "nothing was lost before");
  const n = a.n + b.n;
  const low = b.low / a.high;
  if (a.low <= 0) return beyond("times", low, n);
  return value("times", { value: b.value / a.value, low, high: b.high / a.low, n });
}

/** Holm's adjusted p, in the order given: not one is told that chance alone makes in so many. */
export function holm(all: readonly Ratio[]): readonly Ratio[] {
  const ranked = all.map((p, at) => ({ p, at })).sort((one, two) => one.p - two.p);
  const out = Array.from(all);
  let most = 0;
  for (const [rank, { p, at }] of ranked.entries()) {
    most = Math.max(most, Math.min(1, p * (all.length - rank)));
    out[at] = most;
  }
  return out;
}

/** Those that are tested: measured in both groups, and not another one in another unit. */
export function tested(groups: readonly MetricGroups[]): readonly MetricGroups[] {
  return groups.filter(({ metric, a, b }) => !(metric in SAME_AS) && a.length > 0 && b.length > 0);
}

/** Both groups must be comparable: see `incomparable`. */
export function compare(a: readonly RunFacts[], b: readonly RunFacts[]): Comparison {
  const nulls = rankNulls();
  const groups = metricGroups(a, b);
  const judged = tested(groups);
  const ps = judged.map((group) => rankTest(group.a, group.b, nulls).twoSided);
  const adjusted = holm(ps);
  const compared = groups.map((group) => {
    const at = judged.findIndex(({ metric }) => metric === (SAME_AS[group.metric] ?? group.metric));
    const own = {
      p: ps[at] ?? null,
      pHolm: adjusted[at] ?? null,
      among: Math.max(1, judged.length),
    };
    return comparedMetric(group, own, nulls);
  });
  const metrics = compared.map((one) => likeItsOther(one, compared));
  return {
    schema: 1,
    experiment: a[0]!.experiment,
    level: a[0]!.level,
    alpha: ALPHA,
    runs: { a: a.length, b: b.length },
    metrics,
    differs: groupsDiffer(a, b),
    ...outcomeOf(metrics),
  };
}

/** What is another metric in another unit reads as that one does. */
function likeItsOther(one: MetricComparison, all: readonly MetricComparison[]): MetricComparison {
  const sameAs = SAME_AS[one.metric];
  const other = all.find(({ metric }) => metric === sameAs);
  return sameAs === undefined || !other ? one : { ...one, sameAs, reading: other.reading };
}

function comparedMetric(
  group: MetricGroups,
  { p, pHolm, among }: { readonly p: Ratio | null; readonly pHolm: Ratio | null; among: number },
  nulls: Nulls,
): MetricComparison {
  const { metric, unit, a, b } = group;
  const told = described(group, nulls);
  const measured = a.length > 0 && b.length > 0;
  const alpha = ALPHA / 2 / among;
  const seen = measured ? detectableShift({ a, b, alpha, tolerated: 0 }) : null;
  const isLonger = measured && rankTest(a, b, nulls).longer < 0.5;
  const reading = ((): Reading => {
    if (pHolm === null || !measured) return "not compared";
    if (pHolm <= ALPHA) return isLonger ? "worse" : "better";
    return seen?.is === "seen" ? "no change seen" : "cannot see";
  })();
  return {
    metric,
    unit,
    ...told,
    ratio: ratioOf(told.a.restrictedMean, told.b.restrictedMean),
    p,
    pHolm,
    pSmallest: measured ? Math.min(1, 2 * smallestP(a.length, b.length)) : null,
    detectable: detectableTold(unit, seen, a.length + b.length),
    reading,
  };
}

/** The same as a quantity. */
export function detectableTold(
  unit: Unit,
  seen: ReturnType<typeof detectableShift> | null,
  n: number,
): Measured {
  if (seen === null) return absent(unit, "a group has no run that was measured");
  return seen.is === "seen" ? value(unit, { value: seen.shift, n }) : absent(unit, seen.why);
}

/**
 * Worse is a fail; a metric of one group only, or in which nothing can be seen: unknown. What
 * neither group measured says nothing.
 */
function outcomeOf(all: readonly MetricComparison[]): {
  readonly outcome: Outcome;
  readonly why: readonly string[];
} {
  const metrics = all.filter(({ sameAs, a, b }) => sameAs === undefined && a.n + b.n > 0);
  const worse = metrics.filter(({ reading }) => reading === "worse");
  if (worse.length > 0) {
    return { outcome: "fail", why: worse.map(({ metric }) => `${metric} is worse`) };
  }
  const blind = metrics.filter(
    ({ reading }) => reading === "cannot see" || reading === "not compared",
  );
  const why = blind.map(
    ({ metric, detectable }) =>
      `${metric}: ${detectable.is === "absent" ? detectable.why : "nobody can tell"}`,
  );
  if (why.length > 0) why.push("only absolute objectives decide here: ninety check");
  return { outcome: why.length > 0 || metrics.length === 0 ? "unknown" : "pass", why };
}
