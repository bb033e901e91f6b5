import { expect, test } from "vitest";
import {
  fisherExact,
  logBeta,
  logChoose,
  logGamma,
  lowerTail,
  rejectingCount,
  shareInterval,
  upperTail,
} from "../../src/measure/binomial.ts";

test("gamma, beta and choose have their known logarithms", () => {
  expect(logGamma(10)).toBeCloseTo(Math.log(362_880), 10);
  expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 10);
  expect(logBeta(2, 3)).toBeCloseTo(Math.log(1 / 12), 10);
  expect(logChoose(52, 5)).toBeCloseTo(Math.log(2_598_960), 9);
});

test("tails are the sums that tables hold", () => {
  expect(upperTail(3, 10, 0.5)).toBeCloseTo(0.9453125, 12);
  expect(upperTail(10, 20, 0.5)).toBeCloseTo(0.5880985260009766, 12);
  expect(lowerTail(0, 20, 0.05)).toBeCloseTo(0.95 ** 20, 12);
  expect(upperTail(1, 1_000, 0.001)).toBeCloseTo(1 - 0.999 ** 1_000, 10);
});

test("far tails keep their digits", () => {
  expect(upperTail(20, 20, 0.05) / 0.05 ** 20).toBeCloseTo(1, 9);
  expect(upperTail(300, 300, 0.1)).toBeGreaterThan(0);
});

test("tails at the edges", () => {
  expect(upperTail(0, 10, 0.3)).toBe(1);
  expect(upperTail(11, 10, 0.3)).toBe(0);
  expect(upperTail(1, 10, 0)).toBe(0);
  expect(upperTail(10, 10, 1)).toBe(1);
  expect(upperTail(0, 0, 0.5)).toBe(1);
});

test("upper and lower tail share every draw", () => {
  for (const n of [1, 7, 60, 900]) {
    for (const p of [0.001, 0.05, 0.5, 0.97]) {
      for (const k of [0, 1, Math.floor(n * p), n]) {
        expect(upperTail(k + 1, n, p) + lowerTail(k, n, p)).toBeCloseTo(1, 9);
      }
    }
  }
});

test("the rejecting count is the smallest that rejects", () => {
  for (const n of [20, 57, 400]) {
    const count = rejectingCount(n, 0.05, 1e-6);
    expect(upperTail(count, n, 0.05)).toBeLessThanOrEqual(1e-6);
    expect(upperTail(count - 1, n, 0.05)).toBeGreaterThan(1e-6);
  }
  expect(rejectingCount(3, 0.05, 1e-6)).toBe(4);
  expect(rejectingCount(20, 0, 1e-6)).toBe(1);
});

test("Clopper and Pearson's interval is theirs", () => {
  expect(shareInterval(0, 20).low).toBe(0);
  expect(shareInterval(0, 20).high).toBeCloseTo(0.16843347, 7);
  expect(shareInterval(10, 100).low).toBeCloseTo(0.04900469, 7);
  expect(shareInterval(10, 100).high).toBeCloseTo(0.1762226, 7);
  expect(shareInterval(20, 20).high).toBe(1);
});

test("Fisher's exact test on known tables", () => {
  expect(fisherExact(3, 4, 1, 4)).toBeCloseTo(0.4857142857, 8);
  expect(fisherExact(1, 10, 11, 14)).toBeCloseTo(0.002759456, 8);
  expect(fisherExact(0, 10, 0, 10)).toBeCloseTo(1, 8);
});
