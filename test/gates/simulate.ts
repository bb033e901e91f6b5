// Gates of runs whose truth is drawn here, by code that knows nothing of the tests.
import { gate, type GateRule } from "../../src/kernel/gate.ts";
import type { MetricOfRun, RunFacts } from "../../src/model/comparison.ts";
import type { Outcome } from "../../src/model/verdict.ts";
import { rankNulls } from "../../src/measure/rank-test.ts";
import { randomFrom } from "../property/measure-record.ts";

export interface Cell {
  readonly baseline: number;
  /** Coefficient of variation of a metric from run to run; log-normal. */
  readonly variation: number;
  /** How many times as long the first metric takes in candidate runs. */
  readonly ratio: number;
  /** `masked`: half of the runs are not hurt at all. `censored`: observed up to 1.3 medians. */
  readonly kind: "plain" | "masked" | "censored";
  readonly rule: GateRule;
}

export interface Tally {
  readonly gates: number;
  /** Up to each look, whatever was said at those before. */
  readonly failedBy: readonly number[];
  /** As it is used: asked at each look until it fails or passes. */
  readonly used: Readonly<Record<Outcome, number>>;
  /** Candidate runs until then, on the mean. */
  readonly runs: number;
}

const MEDIAN_MS = 20_000;
const NAMES = [
  ["service recovery, new", "ms"],
  ["service recovery, reused", "ms"],
  ["capacity recovery", "ms"],
  ["lost requests", "count"],
] as const;

type Random = () => number;

const normal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

function drawMetric(cell: Cell, ratio: number, random: Random): MetricOfRun["got"] {
  const sigma = Math.sqrt(Math.log(1 + cell.variation ** 2));
  const time = MEDIAN_MS * ratio * Math.exp(sigma * normal(random));
  const isMasked = cell.kind === "masked" && random() < 0.5;
  if (isMasked) return { time: 0, ended: true };
  const horizon = 1.3 * MEDIAN_MS;
  if (cell.kind === "censored" && time > horizon) return { time: horizon, ended: false };
  return { time, ended: true };
}

export function drawRun(cell: Cell, run: string, ratio: number, random: Random): RunFacts {
  return {
    schema: 1,
    run,
    sha256: run,
    experiment: "simulated",
    seed: run,
    startedAt: null,
    outcome: "pass",
    level: "simulated",
    planSha256: "none",
    question: {},
    stack: {},
    environment: {
      ninety: "0",
      gitCommit: null,
      clusterKind: "simulated",
      kubernetes: "none",
      machine: {},
    },
    // Metrics are drawn apart: the most false alarms that so many can make.
    metrics: NAMES.map(([metric, unit], nth) => ({
      metric,
      unit,
      got: drawMetric(cell, nth === 0 ? ratio : 1, random),
    })),
  };
}

const runName = (nth: number): string => String(nth).padStart(4, "0");

interface Simulation {
  readonly gates: number;
  readonly seed: number;
  /** Also asks look by look, which takes longer: else `used` and `runs` stay empty. */
  readonly asUsed: boolean;
}

/** So many gates of one cell; the same seed draws the same gates. */
export function simulate(cell: Cell, { gates, seed, asUsed }: Simulation): Tally {
  const random = randomFrom(seed);
  const nulls = rankNulls();
  const { rule } = cell;
  const used = { pass: 0, fail: 0, unknown: 0 };
  const failedBy = rule.looks.map(() => 0);
  let runs = 0;
  for (let nth = 0; nth < gates; nth += 1) {
    const baseline = Array.from({ length: cell.baseline }, (_, i) =>
      drawRun(cell, `b${runName(i)}`, 1, random),
    );
    const candidates = Array.from({ length: rule.looks.at(-1)! }, (_, i) =>
      drawRun(cell, `c${runName(i)}`, cell.ratio, random),
    );
    const all = gate(baseline, candidates, { rule, nulls });
    const first = all.looks.findIndex(({ regressions }) => regressions.length > 0);
    for (let look = first; look !== -1 && look < rule.looks.length; look += 1) failedBy[look]! += 1;
    if (!asUsed) continue;
    const stop = rule.looks.findIndex((count) => {
      const asked = all.looks.find((look) => look.runs === count)!;
      if (asked.regressions.length > 0) return true;
      return gate(baseline, candidates.slice(0, count), { rule, nulls }).outcome === "pass";
    });
    const count = rule.looks[stop] ?? rule.looks.at(-1)!;
    runs += count;
    const isFail = stop !== -1 && all.looks[stop]!.regressions.length > 0;
    used[isFail ? "fail" : stop === -1 ? "unknown" : "pass"] += 1;
  }
  return { gates, failedBy, used, runs: runs / gates };
}
