// What an episode cost of the error budget, and how many such ones the SLO affords.
import { expect, test } from "vitest";
import { lossOf, type LossOf } from "../../src/measure/loss.ts";
import { budgetDays } from "../../src/model/plan.ts";

const SLO = { withinMs: 250, goodRatio: 0.999, breachRatio: 0.99 };
const calm = { bad: 0, n: 3_000 };

const loss = (episode: LossOf["episode"], of: { steady?: LossOf["steady"]; slo?: object } = {}) =>
  lossOf({
    scenarios: [{ steady: of.steady ?? calm, episode }],
    forUs: 120_000_000,
    slo: { ...SLO, ...of.slo },
    invalid: null,
  });

test("a full outage of a minute: 2.31 % of 99.9 % over 30 days, which affords 43", () => {
  // 50/s for 120 s, half of them lost.
  const { lost, outageMs, budget, affords } = loss({ bad: 3_000, n: 6_000 });
  expect(lost).toMatchObject({ value: 3_000 });
  expect(outageMs).toMatchObject({ value: 60_000 });
  if (budget.is !== "value") throw new Error("no value");
  expect(budget.value).toBeCloseTo(60 / 2_592, 6);
  expect(affords).toMatchObject({ is: "value", unit: "count", value: 43, low: 43, n: 6_000 });
});

test("the interval is that of the cost, in whole faults, the other way round", () => {
  const { budget, affords } = loss({ bad: 600, n: 6_000 }, { steady: { bad: 30, n: 3_000 } });
  if (budget.is !== "value" || affords.is !== "value") throw new Error("no value");
  expect(affords.value).toBe(Math.floor(1 / budget.value));
  expect(affords.low).toBe(Math.floor(1 / budget.high));
  expect(affords.high).toBe(Math.floor(1 / budget.low));
  expect(affords.low).toBeLessThan(affords.value);
  expect(affords.high).toBeGreaterThan(affords.value);
});

test("a fault that costs more than all of it is afforded 0 times", () => {
  const slo = { goodRatio: 0.99999 };
  expect(loss({ bad: 3_000, n: 6_000 }, { slo }).affords).toMatchObject({ is: "value", value: 0 });
});

test("what may have cost nothing has no upper end", () => {
  // 12 bad of 6,000, and 2 of 3,000 where nothing was wrong: perhaps nothing more than usual.
  const { budget, affords } = loss({ bad: 12, n: 6_000 }, { steady: { bad: 2, n: 3_000 } });
  if (budget.is !== "value") throw new Error("no value");
  expect(budget.low).toBe(0);
  expect(affords).toEqual({
    is: "beyond",
    unit: "count",
    low: Math.floor(1 / budget.high),
    n: 6_000,
  });
});

test("what cost nothing, and what has no budget, has no number", () => {
  expect(loss({ bad: 0, n: 6_000 }).affords).toMatchObject({
    is: "absent",
    why: "it cost nothing: any number",
  });
  const none = loss({ bad: 10, n: 6_000 }, { slo: { goodRatio: 1 } });
  expect(none.affords).toMatchObject({ is: "absent", why: "an objective of 100 % has no budget" });
  const blind = lossOf({ scenarios: [], forUs: 1, slo: SLO, invalid: "no basis" });
  expect(blind.affords).toMatchObject({ is: "absent", why: "no basis" });
});

test("the author's window is what the budget is of", () => {
  const week = { windowMs: 7 * 86_400_000 };
  const month = loss({ bad: 3_000, n: 6_000 }).budget;
  const { budget, affords } = loss({ bad: 3_000, n: 6_000 }, { slo: week });
  if (month.is !== "value" || budget.is !== "value") throw new Error("no value");
  expect(budget.value).toBeCloseTo((month.value * 30) / 7, 9);
  expect(affords).toMatchObject({ value: 10 });
  expect([budgetDays(SLO), budgetDays({ ...SLO, ...week })]).toEqual([30, 7]);
});
