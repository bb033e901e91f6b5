import type { Slo } from "../model/plan.ts";
import type { Ratio, Rps, Us } from "../model/quantity.ts";
import { breaches, holdUs, unseenUs, windowUs, type Breach } from "./breach.ts";
import { endOfBad, type Instant } from "./change-point.ts";
import { badOf, indexAt, mirrored, slice, type Signal } from "./signal.ts";

/** What happened to one scenario between the first effect and the end of observation. */
export type Course =
  /** No window breached. A full outage shorter than `unseenUs` cannot be told from none. */
  | { readonly is: "masked"; readonly unseenUs: Us }
  /** `held`: it stayed good for the hold. `open`: bad up to the end, as far as can be told. */
  | {
      readonly is: "hurt";
      readonly impact: Instant;
      readonly recovered: Instant;
      readonly held: boolean;
      readonly open: boolean;
    };

export interface CourseOf {
  readonly signal: Signal;
  /** The earliest that the effect can have been there. */
  readonly fromUs: Us;
  /** End of observation. */
  readonly untilUs: Us;
  readonly slo: Slo;
  readonly steady: { readonly bad: number; readonly n: number };
  readonly rateRps: Rps;
  /** How late requests were sent: no instant is known better. */
  readonly lagUs: Us;
}

/**
 * The recovery estimator. A window breaches when its bad count rejects the objective. Hurt begins
 * with a window that rejects `breachRatio` and goes on while windows reject `goodRatio` less than a
 * hold after the one before (hysteresis). `recovered` is the end of the last of them to the end of
 * observation, so any later breach moves it; it is the posterior mean of the change point of the
 * Bernoulli likelihood behind the start of that window. `impact` is the same on mirrored time.
 * The model is a step: of a slow ramp it tells when the objective was no longer rejected.
 */
export function courseOf(of: CourseOf): Course {
  const signal = slice(of.signal, of.fromUs, of.untilUs);
  const widthUs = windowUs(of.rateRps);
  const hurt = breaches(signal, widthUs, 1 - of.slo.breachRatio);
  if (hurt.length === 0) {
    const n = signal.timesUs.length;
    return { is: "masked", unseenUs: unseenUs(n, of.rateRps, 1 - of.slo.breachRatio) };
  }
  const back = mirrored(signal);
  const hurtBack = breaches(back, widthUs, 1 - of.slo.breachRatio);
  const last = lastBreach(signal, hurt, of);
  const recovered = endOf(signal, last, hurtBack, {
    widthUs,
    baseRatio: baseRatio(of.steady, signal, last, widthUs),
    untilUs: of.untilUs,
  });
  const begun = endOf(back, hurtBack.at(-1)!, hurt, {
    widthUs,
    baseRatio: smoothed(of.steady.bad, of.steady.n),
    untilUs: -of.fromUs,
  });
  const impact = { atUs: -begun.atUs, lowUs: -begun.highUs, highUs: -begun.lowUs };
  return {
    is: "hurt",
    impact: resolved(impact, of),
    recovered: resolved(recovered, of),
    held: !recovered.open && of.untilUs - recovered.atUs >= holdUs(of.rateRps),
    open: recovered.open,
  };
}

/** The last window of hurt: after a breach, windows that miss `goodRatio` keep it up. */
function lastBreach(
  signal: Signal,
  hurt: readonly Breach[],
  of: { readonly slo: Slo; readonly rateRps: Rps },
): Breach {
  let last = hurt.at(-1)!;
  if (of.slo.goodRatio <= of.slo.breachRatio) return last;
  let until = signal.timesUs[last.last]!;
  for (const one of breaches(signal, windowUs(of.rateRps), 1 - of.slo.goodRatio)) {
    if (one.first <= last.first) continue;
    if (signal.timesUs[one.first]! - until >= holdUs(of.rateRps)) break;
    last = one;
    until = Math.max(until, signal.timesUs[one.last]!);
  }
  return last;
}

interface Around {
  readonly widthUs: Us;
  readonly baseRatio: Ratio;
  readonly untilUs: Us;
}

/** Behind the start of its last window a bad stretch goes on for at most about that window. */
function endOf(
  signal: Signal,
  last: Breach,
  mirroredHurt: readonly Breach[],
  { widthUs, baseRatio, untilUs }: Around,
): Instant & { readonly open: boolean } {
  const to = afterStretch(signal, last, widthUs);
  const badFrom = stretchFrom(signal, last.first, mirroredHurt, widthUs);
  return endOfBad({ signal, badFrom, from: last.first, to, afterRatio: baseRatio, untilUs });
}

function afterStretch(signal: Signal, last: Breach, widthUs: Us): number {
  return indexAt(signal, signal.timesUs[last.first]! + last.widthUs + 3 * widthUs);
}

/**
 * From where on it was bad without a pause, at most 4 W before `from`: back over the bad requests
 * that end a breaching window while they are less than W apart. What lies there tells the bad
 * share.
 */
function stretchFrom(
  signal: Signal,
  from: number,
  mirroredHurt: readonly Breach[],
  widthUs: Us,
): number {
  const { timesUs } = signal;
  let badFrom = from;
  for (const { first } of mirroredHurt) {
    const index = timesUs.length - 1 - first;
    if (index >= from) continue;
    const tooFar = timesUs[badFrom]! - timesUs[index]! >= widthUs;
    if (tooFar || timesUs[from]! - timesUs[index]! > 4 * widthUs) break;
    badFrom = index;
  }
  return badFrom;
}

/**
 * The bad share once it is over: as in the steady phase, or as it is seen to be if that is more.
 */
function baseRatio(steady: CourseOf["steady"], signal: Signal, last: Breach, widthUs: Us): Ratio {
  const from = afterStretch(signal, last, widthUs);
  const all = badOf(signal);
  const before = smoothed(steady.bad, steady.n);
  if (all.n - from < 20) return before;
  return Math.max(before, smoothed(all.bad - signal.badBefore[from]!, all.n - from));
}

function smoothed(bad: number, n: number): Ratio {
  return (bad + 0.5) / (n + 1);
}

/** Nothing is known better than the spacing of requests and their lateness. */
function resolved({ atUs, lowUs, highUs }: Instant, of: CourseOf): Instant {
  const halfUs = Math.max(1_000_000 / of.rateRps, of.lagUs) / 2;
  return {
    atUs: Math.round(atUs),
    lowUs: Math.round(Math.min(lowUs, atUs - halfUs)),
    highUs: Math.round(Math.max(highUs, atUs + halfUs)),
  };
}
