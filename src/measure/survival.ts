import { absent, beyond, value, type Measured, type Unit } from "../model/measured.ts";
import type { Lane } from "../model/measurement.ts";
import type { Ratio } from "../model/quantity.ts";
import { ranks } from "./quantile.ts";
import { studentQuantile } from "./student.ts";

/** One run's time to recover; `ended: false`: observed for so long, and not back. */
export interface Subject {
  readonly time: number;
  readonly ended: boolean;
}

/** The curve falls at `time`: `survival` is the share of runs that are not back after it. */
export interface CurveStep {
  readonly time: number;
  readonly atRisk: number;
  readonly ended: number;
  readonly survival: Ratio;
}

/**
 * A lane as a subject: MASKED is 0, UNRECOVERED and METASTABLE are censored at what was observed;
 * null for INVALID, which says nothing.
 */
export function subjectOf({ class: is, recovery }: Lane): Subject | null {
  if (is === "INVALID" || recovery.is === "absent") return null;
  if (recovery.is === "beyond") return { time: recovery.low, ended: false };
  return { time: recovery.value, ended: true };
}

/** Kaplan and Meier's curve: runs that are censored at a time are at risk at it. */
export function kaplanMeier(subjects: readonly Subject[]): readonly CurveStep[] {
  const sorted = [...subjects].sort((a, b) => a.time - b.time);
  const steps: CurveStep[] = [];
  let survival = 1;
  for (let from = 0; from < sorted.length;) {
    const { time } = sorted[from]!;
    let until = from;
    let ended = 0;
    for (; until < sorted.length && sorted[until]!.time === time; until += 1) {
      if (sorted[until]!.ended) ended += 1;
    }
    const atRisk = sorted.length - from;
    if (ended > 0) {
      survival *= 1 - ended / atRisk;
      steps.push({ time, atRisk, ended, survival });
    }
    from = until;
  }
  return steps;
}

const EPSILON = 1e-12;

/**
 * When a share of the runs is back. The interval (95 %) is that of the order statistics, its lower
 * end with censored runs as if they were back at once, its upper end as if they never came: no
 * assumption about the shape. `beyond` where quantile or upper end was not observed.
 */
export function survivalQuantile<U extends Unit>(
  unit: U,
  subjects: readonly Subject[],
  share: Ratio,
): Measured<U> {
  const n = subjects.length;
  if (n === 0) return absent(unit, "no run was measured");
  const times = subjects.map(({ time }) => time).sort((a, b) => a - b);
  const ended = subjects.flatMap((one) => (one.ended ? [one.time] : [])).sort((a, b) => a - b);
  const rank = ranks(n, share);
  const low = times[Math.max(1, rank.low) - 1]!;
  const high = ended[rank.high - 1];
  const middle = kaplanMeier(subjects).find(({ survival }) => survival <= 1 - share + EPSILON);
  if (middle === undefined || high === undefined) return beyond(unit, low, n);
  return value(unit, { value: middle.time, low, high, n });
}

/** To where every curve of these groups is known: the shortest of their longest observations. */
export function commonHorizon(groups: readonly (readonly Subject[])[]): number {
  const ends = groups.map((group) => {
    const longest = Math.max(0, ...group.map(({ time }) => time));
    const censored = group.some(({ time, ended }) => !ended && time >= longest);
    return { longest, known: censored ? longest : Infinity };
  });
  const known = Math.min(...ends.map((end) => end.known));
  return Number.isFinite(known) ? known : Math.max(0, ...ends.map(({ longest }) => longest));
}

/**
 * Mean time to recover, of each run at most the horizon: the area under the curve. The interval
 * (95 %) is Greenwood's with Student's quantile; of one run it is all that is possible.
 */
export function restrictedMean<U extends Unit>(
  unit: U,
  subjects: readonly Subject[],
  horizon: number,
): Measured<U> {
  const n = subjects.length;
  if (n === 0) return absent(unit, "no run was measured");
  const steps = kaplanMeier(subjects).filter(({ time }) => time < horizon);
  // From the right: area after each step, and what the step adds to the variance.
  let area = 0;
  let variance = 0;
  let right = horizon;
  for (const { time, atRisk, ended, survival } of [...steps].reverse()) {
    area += survival * (right - time);
    if (atRisk > ended) variance += (area ** 2 * ended) / (atRisk * (atRisk - ended));
    right = time;
  }
  const mean = area + right;
  if (n === 1) return value(unit, { value: mean, low: 0, high: Math.max(mean, horizon), n });
  const half = studentQuantile(n - 1, 0.95) * Math.sqrt((variance * n) / (n - 1));
  return value(unit, {
    value: mean,
    low: Math.max(0, mean - half),
    high: Math.max(mean, Math.min(horizon, mean + half)),
    n,
  });
}
