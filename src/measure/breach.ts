import type { Ratio, Rps, Us } from "../model/quantity.ts";
import { rejectingCount } from "./binomial.ts";
import type { Signal } from "./signal.ts";

/**
 * Chance that any window of a scenario breaches although the objective is just met, over the whole
 * of what is looked at: each single window is tested at this, divided by their number (Bonferroni,
 * cautious because windows overlap).
 */
const FAMILY_ALPHA = 1e-4;

/** Widths in units of W: a small share of bad requests shows in wide windows only. */
const WIDTHS = [1, 2, 4, 8, 16, 32, 64] as const;

/** W: at least one second and twenty requests. */
export function windowUs(rateRps: Rps): Us {
  return Math.max(1_000_000, 20_000_000 / rateRps);
}

/** H: how long it must have stayed good. */
export function holdUs(rateRps: Rps): Us {
  return Math.max(15_000_000, 3 * windowUs(rateRps));
}

export interface Asked {
  readonly widthUs: Us;
  /** The objective, as the share of bad requests that is allowed. */
  readonly badRatioMax: Ratio;
  /** How many bad requests come together where nothing is wrong; 1: they come alone. */
  readonly burst: number;
}

/** A window that breaches; it starts at a bad request. Indices into the signal. */
export interface Breach {
  readonly first: number;
  /** Its last bad request. */
  readonly last: number;
  readonly widthUs: Us;
}

/**
 * The windows [start, start + width) whose bad count rejects the objective in an exact binomial
 * test, by start; for each start the narrowest. Only starts at bad requests are looked at: any
 * other window holds one of these with the same bad requests. A window that the end of the signal
 * cuts is tested with what it has.
 */
export function breaches(
  signal: Signal,
  { widthUs, badRatioMax, burst }: Asked,
): readonly Breach[] {
  const { timesUs, bad, badBefore } = signal;
  const n = timesUs.length;
  const needed = thresholds(badRatioMax, FAMILY_ALPHA / Math.max(1, n * WIDTHS.length), burst);
  const ends = WIDTHS.map(() => 0);
  const found: Breach[] = [];
  for (let first = 0; first < n; first += 1) {
    if (bad[first] === 0) continue;
    for (const [which, width] of WIDTHS.entries()) {
      let end = Math.max(ends[which]!, first);
      while (end < n && timesUs[end]! < timesUs[first]! + width * widthUs) end += 1;
      ends[which] = end;
      if (badBefore[end]! - badBefore[first]! < needed(end - first)) continue;
      let last = end - 1;
      while (bad[last] === 0) last -= 1;
      found.push({ first, last, widthUs: width * widthUs });
      break;
    }
  }
  return found;
}

/**
 * How many bad requests of n reject the objective; each n is worked out once. Where bad ones come
 * in bursts, a burst is what comes by chance, and as many requests as it has count as one.
 */
function thresholds(badRatioMax: Ratio, alpha: Ratio, burst: number): (n: number) => number {
  const known = new Map<number, number>();
  return (n) => {
    const before = known.get(n);
    if (before !== undefined) return before;
    const count = Math.ceil(burst * rejectingCount(Math.ceil(n / burst), badRatioMax, alpha));
    known.set(n, count);
    return count;
  };
}

/** The longest run of nothing but bad requests that no window of W can tell from the objective. */
export function unseenUs(
  n: number,
  rateRps: Rps,
  { badRatioMax, burst }: Pick<Asked, "badRatioMax" | "burst">,
): Us {
  const inWindow = Math.max(1, Math.round((windowUs(rateRps) / 1_000_000) * rateRps));
  const alpha = FAMILY_ALPHA / Math.max(1, n * WIDTHS.length);
  const needed = thresholds(badRatioMax, alpha, burst)(inWindow);
  return (Math.max(3, needed) / rateRps) * 1_000_000;
}
