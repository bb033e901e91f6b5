// The gate: absolute objectives first, then whether candidate runs are worse than a baseline's.
// Pure.
import type { GateLook, GateMetric, GateResult, RunFacts } from "../model/comparison.ts";
import type { Ratio } from "../model/quantity.ts";
import { worst, type Outcome } from "../model/verdict.ts";
import {
  ALPHA,
  described,
  detectableTold,
  groupsDiffer,
  holm,
  metricGroups,
  tested,
  type MetricGroups,
} from "../measure/compare.ts";
import { detectableShift, normalQuantile, normalUpperTail } from "../measure/detectable.ts";
import { median, rankNulls, rankTest, smallestP, type Nulls } from "../measure/rank-test.ts";
import { SAME_AS } from "../measure/run-metrics.ts";
import type { Subject } from "../measure/survival.ts";

/** How a gate decides; all of it is fixed before the first look. */
export interface GateRule {
  /** So much of the baseline's median worse is no regression. */
  readonly tolerate: Ratio;
  /** So much worse must be seen four times in five, else the gate cannot answer. */
  readonly see: Ratio;
  /** Counts of candidate runs at which it looks, ascending. */
  readonly looks: readonly number[];
}

export const LOOKS_MAX = 10;
export const GATE_RULE: GateRule = { tolerate: 0.25, see: 1, looks: [3, 5, 8, 12] };

/** Shares are of the median, or of this where that is less: a masked fault has a median of 0. */
const LEAST = { ms: 1_000, count: 10, ratio: 0 } as const;

/**
 * Lan and DeMets' spending function in the manner of O'Brien and Fleming: little at first, where
 * few runs could hardly reject anything, and all of alpha once the share of information is 1.
 */
export function spent(share: Ratio, alpha: Ratio = ALPHA): Ratio {
  if (share >= 1) return alpha;
  return share <= 0
    ? 0
    : Math.min(alpha, 2 * normalUpperTail(normalQuantile(1 - alpha / 2) / Math.sqrt(share)));
}

/**
 * The level of each look. What a look gets is what was spent up to there and is not used yet: a
 * look at which counts like these can reject nothing uses nothing and leaves it to the next. The
 * levels add up to at most alpha, so that the chance of any false alarm is at most alpha.
 *
 * @param metrics how many are tested
 */
export function lookLevels(
  looks: readonly number[],
  { baseline, metrics }: { readonly baseline: number; readonly metrics: number },
): readonly Ratio[] {
  const information = (runs: number): number => (baseline * runs) / (baseline + runs);
  const last = information(looks.at(-1) ?? 1);
  let used = 0;
  return looks.map((runs) => {
    const level = spent(information(runs) / last) - used;
    if (smallestP(baseline, runs) > level / Math.max(1, metrics)) return 0;
    used += level;
    return level;
  });
}

interface Look {
  readonly groups: readonly MetricGroups[];
  readonly alpha: Ratio;
  /** Of those that are tested; null p: it is not. */
  readonly of: (metric: string) => { readonly p: Ratio | null; readonly isRegression: boolean };
  readonly among: number;
}

function lookAt(
  groups: readonly MetricGroups[],
  alpha: Ratio,
  { rule, nulls }: { readonly rule: GateRule; readonly nulls: Nulls },
): Look {
  const judged = tested(groups);
  const ps = judged.map((group) => pOf(group, rule, nulls));
  const adjusted = holm(ps);
  const of = (metric: string): ReturnType<Look["of"]> => {
    const at = judged.findIndex((one) => one.metric === metric);
    return { p: ps[at] ?? null, isRegression: alpha > 0 && (adjusted[at] ?? 1) <= alpha };
  };
  return { groups, alpha, of, among: Math.max(1, judged.length) };
}

/** All that a look can tell; what was decided is in `of`. */
function toldOf(
  { groups, alpha, of, among }: Look,
  by: { readonly rule: GateRule; readonly nulls: Nulls },
): readonly GateMetric[] {
  const all = groups.map((group) => {
    const own = of(SAME_AS[group.metric] ?? group.metric);
    return gateMetric(group, { ...own, level: alpha / among }, by);
  });
  return all.map((one) => likeItsOther(one, all));
}

/** What is another metric in another unit reads as that one does. */
function likeItsOther(one: GateMetric, all: readonly GateMetric[]): GateMetric {
  const sameAs = SAME_AS[one.metric];
  const other = all.find(({ metric }) => metric === sameAs);
  return sameAs === undefined || !other ? one : { ...one, sameAs, reading: other.reading };
}

/** A metric that the baseline never had cannot get worse than it. */
const decides = ({ baseline, sameAs }: GateMetric): boolean =>
  baseline.n > 0 && sameAs === undefined;

const isBlind = (one: GateMetric): boolean =>
  decides(one) && (one.reading === "cannot see" || one.reading === "not compared");

/** Share of the baseline's median, in the metric's own unit. */
function shareOf({ unit, a }: MetricGroups, share: Ratio): number {
  const times = a.map(({ time }) => time).sort((x, y) => x - y);
  return share * Math.max(LEAST[unit], times.length === 0 ? 0 : median(times));
}

function later(group: readonly Subject[], by: number): readonly Subject[] {
  return by === 0 ? group : group.map(({ time, ended }) => ({ time: time + by, ended }));
}

/** Chance of candidates that are so much worse than what is tolerated, if they are not. */
function pOf(group: MetricGroups, { tolerate }: GateRule, nulls: Nulls): Ratio {
  return rankTest(later(group.a, shareOf(group, tolerate)), group.b, nulls).longer;
}

function gateMetric(
  group: MetricGroups,
  own: { readonly p: Ratio | null; readonly isRegression: boolean; readonly level: Ratio },
  { rule, nulls }: { readonly rule: GateRule; readonly nulls: Nulls },
): GateMetric {
  const { metric, unit, a, b } = group;
  const { a: baseline, b: candidate, shift, shiftConfidence } = described(group, nulls);
  const [tolerated, wanted] = [shareOf(group, rule.tolerate), shareOf(group, rule.see)];
  const measured = a.length > 0 && b.length > 0;
  const seen = measured ? detectableShift({ a, b, alpha: own.level, tolerated }) : null;
  const reading = ((): GateMetric["reading"] => {
    if (!measured || own.p === null) return "not compared";
    if (own.isRegression) return "regression";
    return seen?.is === "seen" && seen.shift <= wanted ? "none seen" : "cannot see";
  })();
  return {
    metric,
    unit,
    baseline,
    candidate,
    shift,
    shiftConfidence,
    tolerated,
    wanted,
    p: own.p,
    detectable: detectableTold(unit, seen, a.length + b.length),
    reading,
  };
}

/** Candidates in order of their start: a look takes the first ones, whoever asks and when. */
function inOrder(runs: readonly RunFacts[]): readonly RunFacts[] {
  const key = ({ startedAt, run }: RunFacts): string => `${startedAt ?? ""} ${run}`;
  return [...runs].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

/**
 * Fail: a candidate broke an objective, or at a look a primary metric is worse than tolerated.
 * Unknown: a candidate is unknown, or the last look taken could not have seen what must be seen.
 * Asked again with more runs it looks again at the same first runs, so that the false alarms of all
 * looks together stay below alpha. Runs must be comparable: see `incomparable`.
 */
export function gate(
  baseline: readonly RunFacts[],
  candidates: readonly RunFacts[],
  { rule = GATE_RULE, nulls = rankNulls() }: { rule?: GateRule; nulls?: Nulls } = {},
): GateResult {
  const ordered = inOrder(candidates);
  // By the baseline alone: more candidates must not change the levels of looks that were taken.
  const metrics = tested(metricGroups(baseline, baseline)).length;
  const levels = lookLevels(rule.looks, { baseline: baseline.length, metrics });
  const taken = rule.looks.flatMap((runs, nth) =>
    runs <= ordered.length
      ? [lookAt(metricGroups(baseline, ordered.slice(0, runs)), levels[nth]!, { rule, nulls })]
      : [],
  );
  const looks = rule.looks.map((runs, nth): GateLook => {
    const look = taken[nth];
    const names = look ? tested(look.groups).map(({ metric }) => metric) : [];
    const regressions = names.filter((metric) => look!.of(metric).isRegression);
    return { runs, alpha: levels[nth]!, taken: nth < taken.length, regressions };
  });
  const last = taken.at(-1);
  const told = last ? toldOf(last, { rule, nulls }) : [];
  const objectives = worst(ordered.map(({ outcome }) => outcome));
  const regression = regressionOf(looks, told);
  return {
    schema: 1,
    experiment: baseline[0]!.experiment,
    level: baseline[0]!.level,
    baselineRuns: baseline.length,
    candidates: ordered.map(({ run, outcome }) => ({ run, outcome })),
    objectives,
    regression,
    outcome: worst([objectives, regression]),
    alpha: ALPHA,
    tolerate: rule.tolerate,
    see: rule.see,
    looks,
    metrics: told,
    differs: groupsDiffer(baseline, ordered),
    why: whyOf(ordered, looks, told),
  };
}

function regressionOf(looks: readonly GateLook[], metrics: readonly GateMetric[]): Outcome {
  if (looks.some(({ regressions }) => regressions.length > 0)) return "fail";
  const own = metrics.filter(decides);
  return own.length > 0 && !own.some(isBlind) ? "pass" : "unknown";
}

/** What the outcome rests on, and what to do about an unknown. */
function whyOf(
  candidates: readonly RunFacts[],
  looks: readonly GateLook[],
  metrics: readonly GateMetric[],
): readonly string[] {
  const broken = candidates.filter(({ outcome }) => outcome !== "pass");
  const objectives = broken.map(({ run, outcome }) => `objectives: ${run} is ${outcome}`);
  const worse = looks.flatMap(({ runs, regressions }) =>
    regressions.map((metric) => `${metric} is worse than tolerated, seen with ${runs} runs`),
  );
  const blind = metrics.filter(isBlind);
  const next = looks.find(({ taken, alpha }) => !taken && alpha > 0);
  const more =
    next === undefined
      ? "no look is left: more baseline runs, or a larger --see"
      : `the next look is at ${next.runs} runs, there are ${candidates.length}`;
  if (worse.length > 0) return [...objectives, ...worse];
  if (metrics.length === 0) {
    return [...objectives, `no change can be seen yet, only absolute objectives decide: ${more}`];
  }
  if (blind.length === 0) return objectives;
  return [...objectives, ...blind.map(({ metric }) => `${metric}: cannot see enough`), more];
}
