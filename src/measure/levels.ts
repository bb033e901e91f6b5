import { logBeta } from "./binomial.ts";
import type { Signal } from "./signal.ts";

/** A stretch of bad requests as a staircase. */
export interface Levels {
  /** By how much it explains the stretch better than one share does, less what its steps cost. */
  readonly gain: number;
  /** Where the last level begins. */
  readonly lastFrom: number;
}

/** One share up to `middle`, another from there on. */
interface Split {
  readonly gain: number;
  readonly middle: number;
}

/**
 * The bad share of [from, to) in up to three levels, each with a share that nobody knows; a level
 * must explain more than `cost`. `gain` 0: there is one.
 */
export function levelsOf(signal: Signal, from: number, to: number, cost: number): Levels {
  const first = split(signal, from, to);
  const gain = first.gain - cost;
  if (gain <= 0) return { gain: 0, lastFrom: from };
  const early = split(signal, from, first.middle).gain - cost;
  const late = split(signal, first.middle, to);
  return {
    gain: gain + Math.max(0, early, late.gain - cost),
    lastFrom: late.gain - cost > Math.max(0, early) ? late.middle : first.middle,
  };
}

/** The best place to part it, at a bad request or right behind one. */
function split({ bad, badBefore }: Signal, from: number, to: number): Split {
  const log = (begin: number, end: number): number => {
    const badIn = badBefore[end]! - badBefore[begin]!;
    return logBeta(badIn + 0.5, end - begin - badIn + 0.5);
  };
  let best = -Infinity;
  let middle = from;
  for (let at = from + 2; at < to - 1; at += 1) {
    if (bad[at] === 0 && bad[at - 1] === 0) continue;
    const both = log(from, at) + log(at, to);
    if (both <= best) continue;
    best = both;
    middle = at;
  }
  // Jeffreys' prior of the second share has a norm; that of the first is left out on both sides.
  return { gain: best - log(from, to) - Math.log(Math.PI), middle };
}
