import type { Slo } from "../model/plan.ts";
import type { Rps, Us } from "../model/quantity.ts";
import { fisherExact } from "./binomial.ts";
import { breaches, holdUs, unseenUs, windowUs, type Breach } from "./breach.ts";
import { endOfBad, type Asked, type Background, type Instant } from "./change-point.ts";
import type { Span } from "./ramp.ts";
import { endingOf } from "./shape.ts";
import { calmOf, indexAt, mirrored, signalOf, slice, type Calm, type Signal } from "./signal.ts";

/** What happened to one scenario between the first effect and the end of observation. */
export type Course =
  /** No window breached. A full outage shorter than `unseenUs` cannot be told from none. */
  | { readonly is: "masked"; readonly unseenUs: Us }
  /** `held`: it stayed good for the hold. `open`: bad up to the end, as far as can be told. */
  | {
      readonly is: "hurt";
      readonly impact: Instant;
      readonly recovered: Instant;
      /** The share of bad requests fell to the background over this time; null: at once. */
      readonly ramp: Span | null;
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
  readonly steady: Calm;
  readonly rateRps: Rps;
  /** How late requests were sent: no instant is known better. */
  readonly lagUs: Us;
}

/** How far behind the start of the last window its end may lie, in units of W. */
const LOOK = 20;
/** So many bad requests tell the bad share of a stretch that was long enough to have them. */
const STRETCH_BAD = 150;
/** And so many its shape. */
const SHAPE_BAD = 300;

/** Longer bursts are an outage each. */
const BURST_MAX = 8;
/** By chance alone, what follows is called worse than the steady phase as rarely as this. */
const WORSE_ALPHA = 0.01;
/** A pause of so many mean distances of bad requests ends a stretch. */
const GAP = 8;
/** Of distances that chance alone makes, the mean is so many medians. */
const MEAN_OF_MEDIAN = 1 / Math.log(2);
/** Fewer bad requests behind a pause, or runs of them, are no turn of their own. */
const TURN_BAD = 5;

/**
 * The recovery estimator. A window breaches when its bad count rejects the objective. Hurt begins
 * with a window that rejects `breachRatio` and goes on while windows reject `goodRatio` less than a
 * hold after the one before (hysteresis). `recovered` is the end of the last of them to the end of
 * observation, so any later breach moves it; it is the posterior mean of the change point of the
 * Bernoulli likelihood behind the start of that window, or the end of the ramp, where BIC says
 * that the share of bad requests fell slowly. `impact` is the change point on mirrored time.
 */
export function courseOf(of: CourseOf): Course {
  const signal = slice(of.signal, of.fromUs, of.untilUs);
  const widthUs = windowUs(of.rateRps);
  const burst = burstOf(of.steady);
  const asked = { widthUs, badRatioMax: 1 - of.slo.breachRatio, burst };
  const hurt = breaches(signal, asked);
  if (hurt.length === 0) {
    const n = signal.timesUs.length;
    return { is: "masked", unseenUs: unseenUs(n, of.rateRps, asked) };
  }
  const back = mirrored(signal);
  const hurtBack = breaches(back, asked);
  const last = lastBreach(signal, hurt, of);
  const turn = lastTurn(signal, last, widthUs);
  const around = {
    widthUs,
    after: background({ steady: of.steady, widthUs }, signal, last),
    untilUs: of.untilUs,
  };
  const longFrom = stretchFrom(signal, turn, hurtBack, { widthUs, badMin: SHAPE_BAD });
  const recovered = endingOf(askedOf(signal, turn, hurtBack, around), longFrom);
  const mirror = { widthUs, after: backgroundOf(of.steady), untilUs: -of.fromUs };
  const begun = endOfBad(askedOf(back, hurtBack.at(-1)!, hurt, mirror));
  const impact = { atUs: -begun.atUs, lowUs: -begun.highUs, highUs: -begun.lowUs };
  return {
    is: "hurt",
    impact: resolved(impact, of),
    recovered: resolved(recovered, of),
    ramp: recovered.ramp,
    held: !recovered.open && of.untilUs - recovered.atUs >= holdUs(of.rateRps),
    open: recovered.open,
  };
}

/** The last window of hurt: after a breach, windows that miss `goodRatio` keep it up. */
function lastBreach(
  signal: Signal,
  hurt: readonly Breach[],
  of: Pick<CourseOf, "slo" | "rateRps" | "steady">,
): Breach {
  let last = hurt.at(-1)!;
  if (of.slo.goodRatio <= of.slo.breachRatio) return last;
  let until = signal.timesUs[last.last]!;
  const asked = {
    widthUs: windowUs(of.rateRps),
    badRatioMax: 1 - of.slo.goodRatio,
    burst: burstOf(of.steady),
  };
  for (const one of breaches(signal, asked)) {
    if (one.first <= last.first) continue;
    if (signal.timesUs[one.first]! - until >= holdUs(of.rateRps)) break;
    last = one;
    until = Math.max(until, signal.timesUs[one.last]!);
  }
  return last;
}

interface Around {
  readonly widthUs: Us;
  readonly after: Background;
  readonly untilUs: Us;
}

/**
 * Where a window holds several turns of bad requests with pauses in between, the last of them: what
 * the share is before a pause says, with the pause, too little about the share behind it.
 */
function lastTurn(signal: Signal, last: Breach, widthUs: Us): Breach {
  const { timesUs, bad } = signal;
  // Bad requests in a row count once: the background may come in bursts.
  const indices: number[] = [];
  for (let index = last.first; index <= last.last; index += 1) {
    if (bad[index] === 1 && (index === last.first || bad[index - 1] === 0)) indices.push(index);
  }
  const at = indices.map((index) => timesUs[index]!);
  const gaps = at.slice(1).map((time, i) => time - at[i]!);
  const median = gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? Infinity;
  const begin = gaps.findLastIndex(
    (gap, i) => indices.length - 1 - i >= TURN_BAD && gap >= GAP * MEAN_OF_MEDIAN * median,
  );
  if (begin < 0) return last;
  const first = indices[begin + 1]!;
  const forUs = timesUs[last.last]! - timesUs[first]!;
  return { first, last: last.last, widthUs: Math.max(widthUs, forUs) };
}

/** The end of a bad stretch is looked for behind the start of its last window. */
function askedOf(
  signal: Signal,
  last: Breach,
  mirroredHurt: readonly Breach[],
  { widthUs, after, untilUs }: Around,
): Asked {
  const to = indexAt(
    signal,
    signal.timesUs[last.first]! + Math.max(LOOK * widthUs, 2 * last.widthUs),
  );
  const badFrom = stretchFrom(signal, last, mirroredHurt, { widthUs, badMin: STRETCH_BAD });
  return { signal, badFrom, from: last.first, to, after, untilUs };
}

function afterStretch(signal: Signal, last: Breach, widthUs: Us): number {
  return indexAt(signal, signal.timesUs[last.first]! + last.widthUs + 3 * widthUs);
}

/**
 * From where on it was bad without a pause: back over the bad requests that end a breaching window
 * while they are less than that window apart, for 4 W, and on until there are enough of them. What
 * lies there tells the bad share.
 */
function stretchFrom(
  signal: Signal,
  last: Breach,
  mirroredHurt: readonly Breach[],
  { widthUs, badMin }: { readonly widthUs: Us; readonly badMin: number },
): number {
  const { timesUs, badBefore } = signal;
  const from = last.first;
  const inWindow = badBefore[indexAt(signal, timesUs[from]! + last.widthUs)]! - badBefore[from]!;
  const gapUs = Math.max(widthUs, GAP * (last.widthUs / Math.max(1, inWindow)));
  let badFrom = from;
  for (const { first } of mirroredHurt) {
    const index = timesUs.length - 1 - first;
    if (index >= from) continue;
    const many = badBefore[from]! - badBefore[index]! > badMin;
    const far = timesUs[from]! - timesUs[index]! > 4 * widthUs;
    if (timesUs[badFrom]! - timesUs[index]! >= gapUs || (far && many)) break;
    badFrom = index;
  }
  return badFrom;
}

/**
 * How bad requests come once it is over: as in the steady phase and since, taken together, or as
 * since where that is worse than chance allows.
 */
function background(
  { steady, widthUs }: { readonly steady: Calm; readonly widthUs: Us },
  signal: Signal,
  last: Breach,
): Background {
  const { timesUs, bad } = signal;
  const from = afterStretch(signal, last, widthUs);
  const since = calmOf(signalOf(timesUs.subarray(from), bad.subarray(from)));
  const isWorse =
    since.bad * steady.n > steady.bad * since.n &&
    fisherExact(since.bad, since.n, steady.bad, steady.n) < WORSE_ALPHA;
  if (isWorse) return backgroundOf(since);
  return backgroundOf({
    bad: steady.bad + since.bad,
    n: steady.n + since.n,
    again: steady.again + since.again,
  });
}

/** How many bad requests came together in the steady phase, at most as many as a test can bear. */
function burstOf({ bad, again }: Calm): number {
  return Math.min(BURST_MAX, (bad + 1) / (bad - again + 1));
}

/** Bad ones come alone until they were seen to come together. */
function backgroundOf({ bad, n, again }: Calm): Background {
  const afterGood = (bad - again + 0.2) / (n - bad + 1);
  return { afterGood, afterBad: Math.max(afterGood, (again + afterGood) / (bad + 1)) };
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
