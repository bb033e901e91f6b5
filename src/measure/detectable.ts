import type { Ratio } from "../model/quantity.ts";
import { smallestP } from "./rank-test.ts";
import type { Subject } from "./survival.ts";

const POWER = 0.8;

/** Why no change can be seen, or the smallest worsening that is seen with chance `POWER`. */
export type Detectable =
  | { readonly is: "seen"; readonly shift: number }
  | { readonly is: "unseen"; readonly why: string };

/**
 * The smallest worsening that a one-sided rank test of level `alpha` sees four times in five, if
 * runs spread as they did within these groups. Noether's formula says how often a run of b must be
 * longer than one of a, and the differences between runs of one group say which shift makes it so;
 * complete separation is always seen where counts like these reach `alpha`. No more certain than
 * the spread of so few runs.
 *
 * @param tolerated the shift that is tested against, in the unit of the times
 */
export function detectableShift(of: {
  readonly a: readonly Subject[];
  readonly b: readonly Subject[];
  readonly alpha: Ratio;
  readonly tolerated: number;
}): Detectable {
  const { a, b, alpha, tolerated } = of;
  const counts = `${a.length} against ${b.length} runs`;
  const least = smallestP(a.length, b.length);
  if (least > alpha) {
    const why = `no change can be seen: the smallest p of ${counts} is ${three(least)}, it must be at most ${three(alpha)}`;
    return { is: "unseen", why };
  }
  const spread = Float64Array.from([...within(a), ...within(b)]).sort();
  if (spread.length === 0) return { is: "unseen", why: `${counts} show no spread` };
  const need = Math.min(1, 0.5 + neededExcess(a.length, b.length, alpha));
  const shift = spread[Math.min(spread.length - 1, Math.ceil(need * spread.length) - 1)]!;
  if (!Number.isFinite(shift)) {
    return { is: "unseen", why: "runs that did not come back hide how the others spread" };
  }
  return { is: "seen", shift: tolerated + Math.max(0, shift) };
}

/** Noether: how far above one half the chance that b is longer must be. */
function neededExcess(a: number, b: number, alpha: Ratio): number {
  const z = normalQuantile(1 - alpha) + normalQuantile(POWER);
  return (z / Math.sqrt(12)) * Math.sqrt((a + b + 1) / (a * b));
}

/** All differences between two runs of a group, both ways. */
function within(group: readonly Subject[]): readonly number[] {
  const out: number[] = [];
  for (const one of group) {
    for (const other of group) {
      if (one === other) continue;
      out.push(one.ended && other.ended ? one.time - other.time : Infinity);
    }
  }
  return out;
}

const three = (value: number): string => String(Number(value.toPrecision(3)));

/** Quantile of the standard normal distribution above its middle: Hastings, good to 5e-4. */
export function normalQuantile(p: Ratio): number {
  if (p < 0.5) return -normalQuantile(1 - p);
  const t = Math.sqrt(-2 * Math.log(Math.max(1e-300, 1 - p)));
  const over = 2.515517 + 0.802853 * t + 0.010328 * t ** 2;
  return t - over / (1 + 1.432788 * t + 0.189269 * t ** 2 + 0.001308 * t ** 3);
}

/** The standard normal distribution above its middle: Abramowitz and Stegun 26.2.17, to 1e-7. */
export function normalUpperTail(z: number): Ratio {
  if (z < 0) return 1 - normalUpperTail(-z);
  const t = 1 / (1 + 0.2316419 * z);
  const sum =
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * sum;
}
