// How often something was met among so many, before and now. Pure.
import type { Evidence } from "../model/evidence.ts";
import type { Json } from "../model/json.ts";
import type { Ratio } from "../model/quantity.ts";
import { lowerTail, shareInterval, upperTail } from "./binomial.ts";

export interface Tally {
  readonly hits: number;
  readonly of: number;
}

/** Chance that the noise of before looks like the effect, and that the effect looks like none. */
const FALSE_PRESENT = 0.001;
const FALSE_ABSENT = 0.01;

/** Few are met in one look: they add up. */
export const addTallies = (one: Tally, other: Tally): Tally => ({
  hits: one.hits + other.hits,
  of: one.of + other.of,
});

export function tallyShown({ hits, of }: Tally): Json {
  return isSound({ hits, of })
    ? { hits, of, interval99: { ...shareInterval(hits, of, 0.99) } }
    : { hits, of };
}

/** Less than none: what counts is another one by now. */
const isSound = ({ hits, of }: Tally): boolean => hits >= 0 && of > hits;

/** Whether it is met more often than before, and at least as often as that share says. */
export function tallyEffect(before: Tally, now: Tally, leastRatio: Ratio): Evidence["effect"] {
  if (!isSound(before) || !isSound(now)) return "unclear";
  const noiseRatio = (before.hits + 1) / (before.of + 1);
  const isMore = upperTail(now.hits, now.of, noiseRatio) < FALSE_PRESENT;
  const isLess = lowerTail(now.hits, now.of, leastRatio) < FALSE_ABSENT;
  if (isLess) return isMore ? "unclear" : "absent";
  return isMore ? "present" : "unclear";
}
