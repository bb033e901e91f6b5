import type { Ratio } from "../model/quantity.ts";
import type { Subject } from "./survival.ts";

/** Runs of both groups together; the distribution's work grows with its fourth power. */
export const RUNS_MAX = 100;

/** Of b against a: 1 it is surely longer, -1 surely shorter, 0 equal or nobody knows. */
function order(a: Subject, b: Subject): -1 | 0 | 1 {
  if (a.ended && (b.time > a.time || (b.time === a.time && !b.ended))) return 1;
  if (b.ended && (a.time > b.time || (a.time === b.time && !a.ended))) return -1;
  return 0;
}

/** Gehan's scores: how many of all are surely shorter, less how many are surely longer. */
export function gehanScores(all: readonly Subject[]): readonly number[] {
  return all.map((own) => {
    let sum = 0;
    for (const other of all) sum += order(other, own);
    return sum;
  });
}

/** Chances of each sum of the scores of `count` runs drawn from all, without any order. */
interface Null {
  readonly least: number;
  /** By sum minus `least`: the chance of this sum or more, and of this sum or less. */
  readonly upper: Float64Array;
  readonly lower: Float64Array;
}

/** Distributions are kept: without ties and censoring they depend on the counts alone. */
export type Nulls = (scores: readonly number[], count: number) => Null;

const KEPT_MAX = 1_000;

export function rankNulls(): Nulls {
  const kept = new Map<string, Null>();
  return (scores, count) => {
    const sorted = [...scores].sort((a, b) => a - b);
    const key = `${count}:${sorted.join()}`;
    const known = kept.get(key);
    if (known) return known;
    const made = nullOf(sorted, count);
    if (kept.size < KEPT_MAX) kept.set(key, made);
    return made;
  };
}

/** All ways to choose `count` of the scores are as likely: summed up exactly, not sampled. */
function nullOf(sorted: readonly number[], count: number): Null {
  if (sorted.length > RUNS_MAX) {
    throw new RangeError(`runs of both groups must be at most ${RUNS_MAX}, got ${sorted.length}`);
  }
  const shift = Math.max(0, -(sorted[0] ?? 0));
  const moved = sorted.map((score) => score + shift);
  const most = moved.slice(sorted.length - count).reduce((sum, one) => sum + one, 0);
  const width = most + 1;
  // [chosen][sum]: the chance that a choice so far has chosen so many with that sum.
  const ways = Array.from({ length: count + 1 }, () => new Float64Array(width));
  ways[0]![0] = 1;
  for (const [seen, score] of moved.entries()) {
    const last = Math.min(count, seen + 1);
    for (let chosen = last; chosen >= 1; chosen -= 1) {
      const [from, to] = [ways[chosen - 1]!, ways[chosen]!];
      for (let sum = width - 1; sum >= score; sum -= 1) to[sum]! += from[sum - score]!;
    }
  }
  const own = ways[count]!;
  const total = own.reduce((sum, one) => sum + one, 0);
  // Each side is summed up from its end: a tail of 1e-12 keeps its digits.
  const upper = new Float64Array(width + 1);
  const lower = new Float64Array(width);
  for (let sum = width - 1; sum >= 0; sum -= 1) upper[sum] = upper[sum + 1]! + own[sum]! / total;
  for (let sum = 0; sum < width; sum += 1) lower[sum] = (lower[sum - 1] ?? 0) + own[sum]! / total;
  return { least: -count * shift, upper, lower };
}

export interface RankTest {
  /** Chance of a group b that is at least so much longer, if nothing changed. */
  readonly longer: Ratio;
  /** Twice the smaller side, at most 1. */
  readonly twoSided: Ratio;
}

/**
 * The exact permutation test of Gehan's statistic: without censoring and ties it is that of
 * Wilcoxon, Mann and Whitney. Both groups must have a run.
 */
export function rankTest(
  a: readonly Subject[],
  b: readonly Subject[],
  nulls: Nulls = rankNulls(),
): RankTest {
  const scores = gehanScores([...a, ...b]);
  const { least, upper, lower } = nulls(scores, b.length);
  const seen = scores.slice(a.length).reduce((sum, one) => sum + one, 0) - least;
  const longer = Math.min(1, upper[seen]!);
  return { longer, twoSided: Math.min(1, 2 * Math.min(longer, lower[seen]!)) };
}

/** The smallest one-sided p that counts like these can reach: every run of b after all of a. */
export function smallestP(a: number, b: number): Ratio {
  let ways = 1;
  for (let i = 1; i <= b; i += 1) ways *= (a + i) / i;
  return 1 / ways;
}

/** A shift of all of b against all of a, in the unit of the times. */
export interface Shift {
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** Of the interval: 95 %, or less where counts like these allow no more. */
  readonly confidence: Ratio;
}

/**
 * Hodges and Lehmann's shift: the median of all differences, with the interval that the rank test
 * does not reject. Every run of a must have come back; ends are Infinity where runs of b did not.
 */
export function shiftOf(
  a: readonly Subject[],
  b: readonly Subject[],
  nulls: Nulls = rankNulls(),
): Shift {
  const differences = Float64Array.from(
    a.flatMap((before) => b.map((after) => difference(before, after))),
  ).sort();
  const scores = Array.from({ length: a.length + b.length }, (_, rank) => rank);
  const { upper } = nulls(scores, b.length);
  const least = (b.length * (b.length - 1)) / 2;
  // The distribution is symmetrical: at most u is as likely as at least n m - u.
  const atMost = (u: number): Ratio => upper[least + a.length * b.length - u]!;
  let cut = 0;
  while (cut < differences.length / 2 - 1 && atMost(cut) <= 0.025) cut += 1;
  const rank = Math.max(0, cut - 1);
  return {
    value: median(differences),
    low: differences[rank]!,
    high: differences[differences.length - 1 - rank]!,
    confidence: Math.max(0, cut > 0 ? 0.95 : 1 - 2 * smallestP(a.length, b.length)),
  };
}

function difference(before: Subject, after: Subject): number {
  return after.ended ? after.time - before.time : Infinity;
}

/** Of a list that is sorted and not empty. */
export function median(sorted: ArrayLike<number>): number {
  const half = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(half) - 1]!, sorted[Math.floor(half)]!];
  return low === high ? low : (low + high) / 2;
}
