import { expect, test } from "vitest";
import { quantile, ranks } from "../../src/measure/quantile.ts";

const upTo = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i + 1);

test("the ranks around the median are the textbook's", () => {
  expect(ranks(10, 0.5)).toEqual({ low: 2, high: 9 });
  expect(ranks(25, 0.5)).toEqual({ low: 8, high: 18 });
});

test("a quantile of what came, with its interval", () => {
  const p50 = quantile(upTo(1_000), 0, 0.5);
  expect(p50).toMatchObject({ is: "value", unit: "ms", value: 500, n: 1_000 });
  if (p50.is !== "value") throw new Error("no value");
  expect(p50.low).toBeGreaterThan(465);
  expect(p50.high).toBeLessThan(535);
});

test("what never came is slower than all that came", () => {
  expect(quantile(upTo(98), 2, 0.5)).toMatchObject({ is: "value", value: 50, n: 100 });
  expect(quantile(upTo(900), 100, 0.95)).toEqual({ is: "beyond", unit: "ms", low: 900, n: 1_000 });
  expect(quantile([], 5, 0.5)).toEqual({ is: "beyond", unit: "ms", low: 0, n: 5 });
});

test("an interval that reaches into what never came has no upper end", () => {
  expect(quantile(upTo(985), 15, 0.98).is).toBe("beyond");
});

test("a sample too small for an upper end is beyond, and none is absent", () => {
  expect(quantile(upTo(100), 0, 0.99).is).toBe("beyond");
  expect(quantile(upTo(1_000), 0, 0.99).is).toBe("value");
  expect(quantile([], 0, 0.5)).toEqual({ is: "absent", unit: "ms", why: "no requests" });
});
