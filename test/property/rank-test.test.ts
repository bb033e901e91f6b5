// The permutation test against all permutations, and the shift against the test.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { detectableShift, normalQuantile } from "../../src/measure/detectable.ts";
import { gehanScores, rankTest, shiftOf, smallestP } from "../../src/measure/rank-test.ts";
import type { Subject } from "../../src/measure/survival.ts";

const subject = fc.record({ time: fc.integer({ min: 0, max: 12 }), ended: fc.boolean() });
const group = fc.array(subject, { minLength: 1, maxLength: 5 });
const all = (times: readonly number[]): readonly Subject[] =>
  times.map((time) => ({ time, ended: true }));

/** Every way to say which runs are those of b. */
function* choices(of: number, count: number, from = 0): Generator<readonly number[]> {
  if (count === 0) yield [];
  for (let i = from; count > 0 && i <= of - count; i += 1) {
    for (const rest of choices(of, count - 1, i + 1)) yield [i, ...rest];
  }
}

test("p is the share of all permutations that are as far out", () => {
  fc.assert(
    fc.property(group, group, (a, b) => {
      const pool = [...a, ...b];
      const scores = gehanScores(pool);
      const sum = (which: readonly number[]): number =>
        which.reduce((total, i) => total + scores[i]!, 0);
      const seen = sum(b.map((_, i) => a.length + i));
      const sums = [...choices(pool.length, b.length)].map(sum);
      const share = (is: (one: number) => boolean): number => sums.filter(is).length / sums.length;
      const longer = share((one) => one >= seen);
      const shorter = share((one) => one <= seen);
      const got = rankTest(a, b);
      expect(got.longer).toBeCloseTo(longer, 12);
      expect(got.twoSided).toBeCloseTo(Math.min(1, 2 * Math.min(longer, shorter)), 12);
    }),
  );
});

test("scores add up to nothing, and a censored run is longer only than what ended before", () => {
  fc.assert(
    fc.property(group, (subjects) => {
      expect(gehanScores(subjects).reduce((sum, one) => sum + one, 0)).toBe(0);
    }),
  );
  const [back, censored, later] = gehanScores([
    { time: 5, ended: true },
    { time: 5, ended: false },
    { time: 9, ended: true },
  ]);
  expect([back, censored, later]).toEqual([-2, 1, 1]);
});

test("complete separation has the smallest p, and nobody gets below it", () => {
  expect(rankTest(all([1, 2, 3]), all([7, 8, 9])).longer).toBeCloseTo(smallestP(3, 3), 12);
  expect(smallestP(20, 1)).toBeCloseTo(1 / 21, 12);
  expect(smallestP(5, 5)).toBeCloseTo(1 / 252, 12);
  expect(rankTest(all([1]), all([900])).twoSided).toBe(1);
  fc.assert(
    fc.property(group, group, (a, b) => {
      const { longer } = rankTest(a, b);
      expect(longer).toBeGreaterThanOrEqual(smallestP(a.length, b.length) - 1e-12);
    }),
  );
});

test("the shift's interval is what the test does not reject, when there are no ties", () => {
  const times = fc.uniqueArray(fc.integer({ min: 0, max: 1_000_000 }), {
    minLength: 4,
    maxLength: 8,
  });
  fc.assert(
    fc.property(times, times, (before, after) => {
      // Thirds on one side only: no difference of both groups is another one's.
      const a = all(before.map((time, i) => time + (i + 1) / 17));
      const b = all(after.map((time, i) => time + (i + 1) / 257));
      const shift = shiftOf(a, b);
      const at = (by: number): number =>
        rankTest(
          a,
          b.map(({ time }) => ({ time: time - by, ended: true })),
        ).twoSided;
      if (shift.confidence < 0.95) return;
      expect(at(shift.low - 1e-4)).toBeLessThanOrEqual(0.05);
      expect(at(shift.low + 1e-4)).toBeGreaterThan(0.05);
      expect(at(shift.high + 1e-4)).toBeLessThanOrEqual(0.05);
      expect(at(shift.high - 1e-4)).toBeGreaterThan(0.05);
      expect(shift.low).toBeLessThanOrEqual(shift.value);
      expect(shift.high).toBeGreaterThanOrEqual(shift.value);
    }),
  );
});

test("runs that did not come back leave the shift without an upper end", () => {
  const b: readonly Subject[] = [
    { time: 9, ended: true },
    ...Array.from({ length: 5 }, () => ({ time: 60, ended: false })),
  ];
  expect(shiftOf(all([1, 2, 3, 4, 5]), b)).toMatchObject({ value: Infinity, high: Infinity });
  expect(shiftOf(all([1]), all([4]))).toEqual({ value: 3, low: 3, high: 3, confidence: 0 });
});

test("quantiles of the normal distribution", () => {
  for (const [p, z] of [
    [0.5, 0],
    [0.8, 0.8416],
    [0.95, 1.6449],
    [0.975, 1.96],
    [0.999, 3.0902],
    [0.05, -1.6449],
  ] as const) {
    expect(Math.abs(normalQuantile(p) - z)).toBeLessThan(1e-3);
  }
});

test("one run against one sees nothing, and says so", () => {
  const got = detectableShift({ a: all([1]), b: all([2]), alpha: 0.05, tolerated: 0 });
  expect(got).toMatchObject({ is: "unseen" });
  expect(JSON.stringify(got)).toContain("no change can be seen");
});

test("what is detectable is never less than what is tolerated, and shrinks with more runs", () => {
  const spread = [100, 104, 108, 112, 116, 120];
  const of = (times: readonly number[]) =>
    detectableShift({ a: all(times), b: all(times), alpha: 0.0125, tolerated: 25 });
  const few = of(spread.slice(0, 5));
  const many = of([...spread, ...spread, ...spread]);
  if (few.is !== "seen" || many.is !== "seen") throw new Error("nothing seen");
  expect(few.shift).toBeGreaterThanOrEqual(25);
  expect(many.shift).toBeLessThanOrEqual(few.shift);
});
