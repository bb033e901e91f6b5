import type { Ratio } from "../model/quantity.ts";

const LANCZOS = [
  676.5203681218851, -1259.1392167224028, 771.3234287776531, -176.6150291621406, 12.507343278686905,
  -0.13857109526572012, 9.984369578019572e-6, 1.5056327351493116e-7,
] as const;

/** Natural logarithm of the gamma function, for arguments of at least 0.5. */
export function logGamma(x: number): number {
  let sum = 0.9999999999998099;
  for (const [index, weight] of LANCZOS.entries()) sum += weight / (x + index);
  const t = x + LANCZOS.length - 1.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

/** Natural logarithm of the beta function. */
export function logBeta(a: number, b: number): number {
  return logGamma(a) + logGamma(b) - logGamma(a + b);
}

/** Natural logarithm of the number of ways to choose k of n. */
export function logChoose(n: number, k: number): number {
  return logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);
}

/** Probability of exactly k in n draws. */
function pointMass(k: number, n: number, p: Ratio): number {
  if (p <= 0) return k === 0 ? 1 : 0;
  if (p >= 1) return k === n ? 1 : 0;
  return Math.exp(logChoose(n, k) + k * Math.log(p) + (n - k) * Math.log1p(-p));
}

/** The terms fall by at least this share of the sum before the rest is left out. */
const NEGLIGIBLE = 1e-17;

/**
 * Probability of k or more in n draws of probability p: exact, summed outwards from its largest
 * term, so that tails of 1e-300 keep their digits.
 */
export function upperTail(k: number, n: number, p: Ratio): number {
  if (k <= 0) return 1;
  if (k > n || p <= 0) return 0;
  if (p >= 1) return 1;
  if (k <= n * p) return Math.max(0, 1 - upperTail(n - k + 1, n, 1 - p));
  let term = pointMass(k, n, p);
  let sum = 0;
  for (let i = k; i <= n && term > sum * NEGLIGIBLE; i += 1) {
    sum += term;
    term *= ((n - i) / (i + 1)) * (p / (1 - p));
  }
  return Math.min(1, sum);
}

/** Probability of k or fewer in n draws of probability p. */
export function lowerTail(k: number, n: number, p: Ratio): number {
  return upperTail(n - k, n, 1 - p);
}

/** Whether k of n is one that draws of probability p make likely: not so far to either side. */
export function isLikely(k: number, n: number, p: Ratio, mistakenMax: Ratio): boolean {
  return lowerTail(k, n, p) >= mistakenMax && upperTail(k, n, p) >= mistakenMax;
}

/** The smallest count of n that rejects "at most p" at level alpha; n + 1 where none can. */
export function rejectingCount(n: number, p: Ratio, alpha: Ratio): number {
  let low = 0;
  let high = n + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (upperTail(middle, n, p) <= alpha) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Clopper and Pearson's interval of a share: covers at least `confidence`, default 95 %. */
export function shareInterval(
  k: number,
  n: number,
  confidence: Ratio = 0.95,
): { readonly low: Ratio; readonly high: Ratio } {
  const alpha = (1 - confidence) / 2;
  return {
    low: k === 0 ? 0 : crossing((p) => upperTail(k, n, p) < alpha),
    high: k === n ? 1 : crossing((p) => lowerTail(k, n, p) >= alpha),
  };
}

/** Where a condition that holds for small p stops to hold. */
function crossing(holds: (p: Ratio) => boolean): Ratio {
  let low = 0;
  let high = 1;
  for (let i = 0; i < 50; i += 1) {
    const middle = (low + high) / 2;
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Fisher's exact test, two-sided: k1 of n1 against k2 of n2. */
export function fisherExact(k1: number, n1: number, k2: number, n2: number): number {
  const hits = k1 + k2;
  const all = logChoose(n1 + n2, hits);
  const mass = (k: number): number => logChoose(n1, k) + logChoose(n2, hits - k) - all;
  const seen = mass(k1) + 1e-9;
  let sum = 0;
  for (let k = Math.max(0, hits - n2); k <= Math.min(n1, hits); k += 1) {
    if (mass(k) <= seen) sum += Math.exp(mass(k));
  }
  return Math.min(1, sum);
}
