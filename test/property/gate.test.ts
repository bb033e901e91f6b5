// The gate's rule: what its looks may spend, what decides, and a seeded part of the simulation.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { gate, GATE_RULE, lookLevels, spent } from "../../src/kernel/gate.ts";
import { compare, holm } from "../../src/measure/compare.ts";
import type { MetricOfRun, RunFacts } from "../../src/model/comparison.ts";
import type { Outcome } from "../../src/model/verdict.ts";
import { drawRun, simulate, type Cell } from "../gates/simulate.ts";
import { randomFrom } from "./measure-record.ts";

const CELL: Cell = { baseline: 10, variation: 0.15, ratio: 1, kind: "plain", rule: GATE_RULE };

function runsOf(prefix: string, count: number, ratio: number, seed: number): readonly RunFacts[] {
  const random = randomFrom(seed);
  return Array.from({ length: count }, (_, i) =>
    drawRun(CELL, `${prefix}${String(i).padStart(3, "0")}`, ratio, random),
  );
}

const rising = fc
  .uniqueArray(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 })
  .map((looks) => looks.sort((a, b) => a - b));

test("the levels of all looks add up to at most alpha, whatever the counts", () => {
  fc.assert(
    fc.property(
      rising,
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 6 }),
      (looks, baseline, metrics) => {
        const levels = lookLevels(looks, { baseline, metrics });
        expect(levels.every((level) => level >= 0)).toBe(true);
        expect(levels.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(0.05 + 1e-9);
      },
    ),
  );
});

test("spending begins with nothing, never falls and ends with all", () => {
  expect(spent(0)).toBe(0);
  expect(spent(1)).toBe(0.05);
  const shares = Array.from({ length: 101 }, (_, i) => spent(i / 100));
  for (const [i, share] of shares.entries())
    expect(share).toBeGreaterThanOrEqual(shares[i - 1] ?? 0);
  // O'Brien and Fleming's at half of the information, one-sided 5 %.
  expect(spent(0.5)).toBeCloseTo(0.00557, 4);
});

test("Holm's p is between the raw one and Bonferroni's, and keeps the order", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }), (ps) => {
      const adjusted = holm(ps);
      for (const [i, p] of ps.entries()) {
        expect(adjusted[i]).toBeGreaterThanOrEqual(p);
        expect(adjusted[i]).toBeLessThanOrEqual(Math.min(1, p * ps.length) + 1e-12);
        for (const [j, q] of ps.entries())
          if (p < q) expect(adjusted[i]).toBeLessThanOrEqual(adjusted[j]!);
      }
    }),
  );
  expect(holm([0.01, 0.04, 0.03])).toEqual([0.03, 0.06, 0.06]);
});

test("what a look decided stays, however many runs come later and in whatever order", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 500 }),
      fc.constantFrom(1, 1.6, 2.5),
      fc.integer({ min: 3, max: 14 }),
      (seed, ratio, count) => {
        const baseline = runsOf("b", 8, 1, seed);
        const all = runsOf("c", 14, ratio, seed + 1_000);
        const late = gate(baseline, [...all].reverse());
        const early = gate(baseline, all.slice(0, count));
        for (const [i, look] of early.looks.entries()) {
          if (look.taken) expect(late.looks[i]).toEqual(look);
        }
      },
    ),
    { numRuns: 15 },
  );
});

test("an objective that is broken fails, one that is unknown never passes", () => {
  const baseline = runsOf("b", 10, 1, 1);
  const good = runsOf("c", 12, 1, 2);
  const withOne = (outcome: Outcome): readonly RunFacts[] =>
    good.map((run, i) => (i === 11 ? { ...run, outcome } : run));
  expect(gate(baseline, withOne("pass")).outcome).toBe("pass");
  expect(gate(baseline, withOne("fail")).outcome).toBe("fail");
  expect(gate(baseline, withOne("unknown")).outcome).toBe("unknown");
  expect(gate(baseline, runsOf("c", 12, 4, 2))).toMatchObject({
    objectives: "pass",
    regression: "fail",
    outcome: "fail",
  });
});

const without = (runs: readonly RunFacts[], metric: string): readonly RunFacts[] =>
  runs.map((run) => ({
    ...run,
    metrics: run.metrics.map((one): MetricOfRun =>
      one.metric === metric ? { ...one, got: null } : one,
    ),
  }));

test("candidates that were not measured cannot pass; what nobody ever measured decides nothing", () => {
  const baseline = runsOf("b", 10, 1, 1);
  const good = runsOf("c", 12, 1, 2);
  const lacking = gate(baseline, without(good, "capacity recovery"));
  expect(lacking.outcome).toBe("unknown");
  expect(lacking.metrics.find(({ metric }) => metric === "capacity recovery")).toMatchObject({
    reading: "not compared",
    candidate: { n: 0, leftOut: 12 },
  });
  const neither = gate(without(baseline, "capacity recovery"), without(good, "capacity recovery"));
  expect(neither.outcome).toBe("pass");
});

test("one run against one, or against many: unknown, with the reason", () => {
  const one = gate(runsOf("b", 1, 1, 1), runsOf("c", 1, 9, 2));
  expect(one).toMatchObject({ regression: "unknown", outcome: "unknown" });
  expect(one.why.join()).toContain("only absolute objectives decide");
  const pair = compare(runsOf("b", 1, 1, 1), runsOf("c", 1, 9, 2));
  expect(pair.outcome).toBe("unknown");
  expect(pair.metrics.every(({ reading }) => reading === "cannot see")).toBe(true);
  expect(pair.why.join()).toContain("no change can be seen");
});

test("worse one way is better the other way", () => {
  const [fast, slow] = [runsOf("b", 8, 1, 3), runsOf("c", 8, 4, 4)];
  const [there, back] = [compare(fast, slow), compare(slow, fast)];
  expect(there.metrics[0]).toMatchObject({ reading: "worse" });
  expect(back.metrics[0]).toMatchObject({ reading: "better" });
  expect(back.metrics[0]!.p).toBeCloseTo(there.metrics[0]!.p!, 12);
  expect([there.outcome, back.outcome]).toEqual(["fail", "pass"]);
});

test("200 gates where nothing changed, and 50 where one metric takes three times as long", () => {
  const exact = { ...GATE_RULE, tolerate: 0 };
  const still = simulate({ ...CELL, rule: exact }, { gates: 200, seed: 5, asUsed: false });
  // Of 5 %, so many or fewer in 99.9 % of all seeds.
  expect(still.failedBy.at(-1)).toBeLessThanOrEqual(20);
  const worse = simulate({ ...CELL, ratio: 3 }, { gates: 50, seed: 6, asUsed: true });
  expect(worse.failedBy.at(-1)).toBe(50);
  expect(worse.used.pass).toBe(0);
});
