import type { Ratio, Us } from "../model/quantity.ts";
import { logBeta } from "./binomial.ts";
import type { Signal } from "./signal.ts";

/** An instant with its interval. */
export interface Instant {
  readonly atUs: Us;
  readonly lowUs: Us;
  readonly highUs: Us;
}

/**
 * Units of log-likelihood below the best that still belong to the interval. A change point is not a
 * regular parameter: the 1.92 of the books covers 79 to 91 %, 3.0 covers 89 to 100 %.
 */
const CUT = 3.5;

/** How bad requests come where nothing is wrong: also in bursts, which are no outage. */
export interface Background {
  readonly afterGood: Ratio;
  readonly afterBad: Ratio;
}

export interface Asked {
  readonly signal: Signal;
  /** The stretch was bad from here, at a bad request; at most `from`. */
  readonly badFrom: number;
  /** A bad request inside the bad stretch: it ends later. */
  readonly from: number;
  /** The last index that may still be bad, plus one. */
  readonly to: number;
  /** What follows: how often a request is bad after a good one, and after a bad one. */
  readonly after: Background;
  /** How far time goes after the last request. */
  readonly untilUs: Us;
}

/** The end of a bad stretch. */
export interface Step extends Instant {
  /** The end of the signal belongs to the interval: nothing says that it ended. */
  readonly open: boolean;
  /** The first good index of the greatest likelihood, and its logarithm. */
  readonly best: { readonly index: number; readonly log: number };
}

/**
 * When a stretch of bad requests ended. The likelihood is that of two Bernoulli regimes; the share
 * in the bad one is unknown and integrated out (Jeffreys' prior), the share after it is given. The
 * point is the mean of the posterior under a flat prior over time: the maximum of the likelihood
 * always sits on a bad request and is early by 1/(share x rate).
 */
export function endOfBad(asked: Asked): Step {
  const { signal, from, to, untilUs } = asked;
  const { timesUs } = signal;
  const likelihoods = logLikelihoods(asked);
  let at = 0;
  for (let i = 1; i < likelihoods.length; i += 1) if (likelihoods[i]! > likelihoods[at]!) at = i;
  const best = likelihoods[at]!;
  let mass = 0;
  let moment = 0;
  let first = -1;
  let final = -1;
  const timeAt = (index: number): Us => (index < timesUs.length ? timesUs[index]! : untilUs);
  for (let i = 0; i < likelihoods.length; i += 1) {
    const end = from + 1 + i;
    const weight = Math.exp(likelihoods[i]! - best) * Math.max(1, timeAt(end) - timeAt(end - 1));
    mass += weight;
    moment += (weight * (timeAt(end) + timeAt(end - 1))) / 2;
    if (likelihoods[i]! < best - CUT) continue;
    if (first < 0) first = end;
    final = end;
  }
  const atUs = moment / mass;
  return {
    atUs,
    lowUs: Math.min(atUs, timeAt(first - 1)),
    highUs: Math.max(atUs, timeAt(final)),
    open: final === timesUs.length && to === timesUs.length,
    best: { index: from + 1 + at, log: best },
  };
}

/** For each first good index from + 1 to `to`. */
function logLikelihoods(asked: Asked): Float64Array {
  const { signal, badFrom, from, to } = asked;
  const { bad, badBefore } = signal;
  const tails = logTails(asked);
  const out = new Float64Array(to - from);
  for (let end = from + 1; end <= to; end += 1) {
    // The request at `badFrom` was chosen because it is bad: it says nothing about the share.
    const badIn = badBefore[end]! - badBefore[badFrom]! - bad[badFrom]!;
    const goodIn = end - badFrom - 1 - badIn;
    out[end - from - 1] = logBeta(badIn + 0.5, goodIn + 0.5) + tails[end - from - 1]!;
  }
  return out;
}

/** Of what follows each first good index from + 1 to `to`. */
export function logTails({
  signal: { bad },
  from,
  to,
  after: { afterGood, afterBad },
}: Pick<Asked, "signal" | "from" | "to" | "after">): Float64Array {
  const logs = [
    Math.log1p(-afterGood),
    Math.log(afterGood),
    Math.log1p(-afterBad),
    Math.log(afterBad),
  ];
  const out = new Float64Array(to - from);
  let tail = 0;
  for (let end = to - 1; end > from; end -= 1) {
    // What the bad stretch ends with does not make the first one after it bad.
    out[end - from - 1] = tail + logs[bad[end]!]!;
    tail += logs[2 * bad[end - 1]! + bad[end]!]!;
  }
  return out;
}
