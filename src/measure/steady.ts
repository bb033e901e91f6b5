import type { PhaseCounts, ScenarioMeasurement } from "../model/measurement.ts";
import type { Slo } from "../model/plan.ts";
import type { Us } from "../model/quantity.ts";
import { fisherExact, upperTail } from "./binomial.ts";
import { slice, type Signal } from "./signal.ts";
import type { Traffic } from "./traffic.ts";

/** Below these no judgement is carried. At full strength it has 60 s and 500 requests. */
const STEADY_FLOOR = { forUs: 20_000_000, requests: 200 } as const;
const REUSED_MIN = 0.99;
/** Chance to call a steady phase bad that is not: of each of the two tests. */
const ALPHA = 0.01;
const SECOND_US = 1_000_000;
/** Where the phase is cut to compare what lies before and after. */
const CUTS = [1 / 8, 2 / 8, 3 / 8, 4 / 8, 5 / 8, 6 / 8, 7 / 8] as const;
/** The runner's clock and the sleep it asked for may differ by this. */
const SLACK_US = 500_000;

/** Whether the steady phase can carry a judgement, and all reasons why not. */
export function steadyOf(
  traffic: Traffic,
  counts: PhaseCounts | undefined,
  slo: Slo,
): ScenarioMeasurement["steady"] {
  if (!counts) return { valid: false, why: ["there was no steady phase"] };
  const { fromUs, untilUs, intended, dropped } = counts;
  const why: string[] = [];
  if (untilUs - fromUs < STEADY_FLOOR.forUs - SLACK_US) {
    why.push(`it lasted ${(untilUs - fromUs) / 1e6} s, must be at least 20 s`);
  }
  if (intended < STEADY_FLOOR.requests) {
    why.push(`it had ${intended} requests, must be at least ${STEADY_FLOOR.requests}`);
  }
  if (dropped > 0) why.push(`${dropped} requests were dropped, must be 0`);
  const n = counts.goodRatio.is === "value" ? counts.goodRatio.n : 0;
  if (upperTail(n - counts.good, n, 1 - slo.goodRatio) < ALPHA) {
    why.push(`${n - counts.good} of ${n} requests were bad, which rejects ${slo.goodRatio} good`);
  }
  const signal = slice(traffic.signal, fromUs, untilUs);
  const p = changeTest(signal, fromUs, untilUs);
  if (p < ALPHA) why.push(`the share of bad requests changed on the way (p ${p.toPrecision(2)})`);
  if (traffic.connection === "reused") {
    const reused = counts.reusedRatio.is === "value" ? counts.reusedRatio.value : 0;
    if (reused < REUSED_MIN) {
      why.push(`${(reused * 100).toFixed(1)} % ran on a reused connection, must be at least 99 %`);
    }
  }
  return { valid: why.length === 0, why };
}

/**
 * p of "nothing changed", over all cuts together (Bonferroni). What is counted is seconds with a
 * bad request, not requests: one hiccup is one second however many requests it hits, and a change
 * that stays is many.
 */
function changeTest(signal: Signal, fromUs: Us, untilUs: Us): number {
  const seconds = Math.floor((untilUs - fromUs) / SECOND_US);
  if (seconds < CUTS.length + 1) return 1;
  const hit = new Uint8Array(seconds);
  for (const [i, atUs] of signal.timesUs.entries()) {
    const second = Math.floor((atUs - fromUs) / SECOND_US);
    if (second < seconds && signal.bad[i] === 1) hit[second] = 1;
  }
  const before = new Uint32Array(seconds + 1);
  for (let i = 0; i < seconds; i += 1) before[i + 1] = before[i]! + hit[i]!;
  const all = before[seconds]!;
  const ps = CUTS.map((cut) => {
    const at = Math.round(seconds * cut);
    return fisherExact(before[at]!, at, all - before[at]!, seconds - at);
  });
  return Math.min(1, Math.min(...ps) * CUTS.length);
}
