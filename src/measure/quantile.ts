import { absent, beyond, value, type Measured } from "../model/measured.ts";
import type { Ratio } from "../model/quantity.ts";
import { lowerTail } from "./binomial.ts";

const CONFIDENCE = 0.95;

/**
 * A quantile of latencies of which some never came: they are slower than all that did. The interval
 * is that of the order statistics (95 %, no assumption about the shape). Where the quantile or the
 * upper end of its interval is among those that never came, or the sample is too small to have an
 * upper end, it is `beyond` the lower end.
 *
 * @param sorted latencies that came, ascending, in ms
 * @param failed how many never came
 */
export function quantile(sorted: ArrayLike<number>, failed: number, share: Ratio): Measured<"ms"> {
  const n = sorted.length + failed;
  if (n === 0) return absent("ms", "no requests");
  const { low, high } = ranks(n, share);
  const at = (rank: number): number | undefined => sorted[Math.min(rank, n) - 1];
  const lowest = at(Math.max(1, low)) ?? sorted[sorted.length - 1] ?? 0;
  const middle = at(Math.max(1, Math.ceil(n * share)));
  const highest = high > n ? undefined : at(high);
  if (middle === undefined || highest === undefined) return beyond("ms", lowest, n);
  return value("ms", { value: middle, low: lowest, high: highest, n });
}

/** Ranks (from 1) of the order statistics that enclose the quantile; n + 1: there is none. */
export function ranks(n: number, share: Ratio): { readonly low: number; readonly high: number } {
  const tail = (1 - CONFIDENCE) / 2;
  return {
    low: firstCount(n, (count) => lowerTail(count, n, share) > tail),
    high: firstCount(n, (count) => lowerTail(count, n, share) >= 1 - tail) + 1,
  };
}

function firstCount(n: number, reached: (count: number) => boolean): number {
  let low = 0;
  let high = n;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (reached(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
