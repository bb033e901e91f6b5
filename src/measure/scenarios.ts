import { absent, value } from "../model/measured.ts";
import type { Measured } from "../model/measured.ts";
import type { PhaseCounts, ScenarioMeasurement } from "../model/measurement.ts";
import type { Plan } from "../model/plan.ts";
import type { Us } from "../model/quantity.ts";
import type { RequestOutcome } from "../model/request.ts";
import { shareInterval } from "./binomial.ts";
import { spanOf, type Span } from "./phases.ts";
import { quantile } from "./quantile.ts";
import { steadyOf } from "./steady.ts";
import { within, type Traffic } from "./traffic.ts";

const PHASES = ["warmup", "steady", "faults", "observe"] as const;

/** What one scenario got, phase by phase. */
export function scenarioOf(
  traffic: Traffic,
  spans: readonly Span[],
  plan: Plan,
): ScenarioMeasurement {
  const phases: Partial<Record<(typeof PHASES)[number], PhaseCounts>> = {};
  for (const phase of PHASES) {
    const span = spanOf(spans, phase);
    if (span) phases[phase] = countsOf(traffic, span.fromUs, span.untilUs);
  }
  return {
    name: traffic.name,
    connection: traffic.connection,
    phases,
    steady: steadyOf(traffic, phases.steady, plan.slo),
  };
}

/** k of n with its 95 % interval (Clopper and Pearson). */
function shareOf(k: number, n: number, none: string): Measured<"ratio"> {
  return n === 0
    ? absent("ratio", none)
    : value("ratio", { value: k / n, ...shareInterval(k, n), n });
}

/** Requests that nobody can judge are intended, and in no share and no quantile. */
function countsOf(traffic: Traffic, fromUs: Us, untilUs: Us): PhaseCounts {
  const { from, until } = within(traffic.requests, fromUs, untilUs);
  const outcomes: Partial<Record<RequestOutcome, number>> = {};
  const { requests } = traffic;
  const cameMs = new Float64Array(until - from);
  let came = 0;
  let good = 0;
  let judged = 0;
  let connected = 0;
  let reused = 0;
  for (let i = from; i < until; i += 1) {
    const outcome = requests.outcome(i);
    const connection = requests.connection(i);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    if (traffic.good[i] === 1) good += 1;
    if (traffic.good[i] !== 2) judged += 1;
    if (connection !== null) connected += 1;
    if (connection === "reused") reused += 1;
    if (outcome !== "ok") continue;
    cameMs[came] = (requests.endUs[i]! - requests.intendedUs[i]!) / 1_000;
    came += 1;
  }
  const sorted = cameMs.subarray(0, came).sort();
  const at = (share: number): Measured<"ms"> => quantile(sorted, judged - sorted.length, share);
  return {
    fromUs,
    untilUs,
    intended: until - from,
    good,
    dropped: outcomes.dropped ?? 0,
    open: outcomes.open ?? 0,
    outcomes: inOrder(outcomes),
    goodRatio: shareOf(good, judged, "no requests"),
    reusedRatio: shareOf(reused, connected, "no connections"),
    latency: { p50: at(0.5), p95: at(0.95), p99: at(0.99) },
  };
}

/** The same counts are the same text. */
function inOrder(outcomes: PhaseCounts["outcomes"]): PhaseCounts["outcomes"] {
  return Object.fromEntries(Object.entries(outcomes).sort(([a], [b]) => (a < b ? -1 : 1)));
}
