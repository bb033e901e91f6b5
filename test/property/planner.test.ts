import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stableText } from "../../src/model/json.ts";
import type { Plan } from "../../src/model/plan.ts";
import { all, exactly, one } from "../../src/ports/author.ts";
import type { Step } from "../../src/ports/fault.ts";
import { readExperiment } from "../../src/kernel/experiment.ts";
import { makePlan } from "../../src/kernel/planner.ts";
import { drawRanks, randomOf } from "../../src/kernel/prng.ts";
import { always, drop, jam, quick, serving, server, unplug, written } from "../unit/kernel-kit.ts";

const addOns = [serving({ part: "agent", gpus: 0 })];

function planOf(faults: readonly Step[], seed: string, changes = {}): Plan {
  const reading = readExperiment("sample", written({ faults, ...changes }));
  return makePlan(reading, seed, { always: [always.definition], addOns });
}

const seconds = fc.integer({ min: 1, max: 120 });
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ many: fc.constantFrom(1, 2, 3), at: seconds, lasts: seconds }).map((of) =>
    jam({
      on: exactly(of.many, server.gpus),
      at: `${of.at}s`,
      for: `${of.lasts}s`,
      delay: "1ms",
    }),
  ),
  fc
    .record({ many: fc.constantFrom(1, 2), at: seconds })
    .map((of) => drop({ on: exactly(of.many, server.pods), at: `${of.at}s` })),
);
const seeds = fc.string({ minLength: 1, maxLength: 12 });

describe("a plan", () => {
  test("is the same to the byte for the same experiment and seed", () => {
    fc.assert(
      fc.property(fc.array(steps, { minLength: 1, maxLength: 6 }), seeds, (faults, seed) => {
        const text = stableText(planOf(faults, seed));
        expect(stableText(planOf(faults, seed))).toBe(text);
        expect(stableText(JSON.parse(text))).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });

  test("keeps every draw when another step is added anywhere", () => {
    const other = unplug({ on: one(server.nodes), for: "9s" });
    fc.assert(
      fc.property(
        fc.array(steps, { minLength: 1, maxLength: 5 }),
        seeds,
        fc.nat(5),
        (faults, seed, place) => {
          const slots = planOf(faults, seed).steps.map((step) => step.slots);
          const more = planOf(faults.toSpliced(place, 0, other), seed).steps;
          const kept = more.filter(({ fault }) => fault !== "unplug").map((step) => step.slots);
          expect(kept).toEqual(slots);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test("draws as many different ranks as are asked for, of those that there are", () => {
    fc.assert(
      fc.property(fc.array(steps, { minLength: 1, maxLength: 5 }), seeds, (faults, seed) => {
        for (const { on, slots } of planOf(faults, seed).steps) {
          expect("count" in on ? on.count : 0).toBe(slots.length);
          expect(new Set(slots).size).toBe(slots.length);
          expect(slots.every((rank) => rank >= 0 && rank < 3)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("draws otherwise for another seed, each rank about as often", () => {
    const counts = [0, 0, 0];
    for (let seed = 0; seed < 3_000; seed += 1) {
      const [step] = planOf(
        [jam({ on: one(server.gpus), for: "9s", delay: "1ms" })],
        String(seed),
      ).steps;
      counts[step?.slots[0] ?? -1]! += 1;
    }
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(120);
  });

  test("has the phases, the checks and the parts that it needs", () => {
    const faults = [
      jam({ on: one(server.gpus), at: "10s", for: "60s", delay: "1ms" }),
      drop({ on: all(server.pods), at: "90s" }),
    ];
    const plan = planOf(faults, "s");
    expect(plan.phasesMs).toEqual({
      warmup: 10_000,
      steady: 60_000,
      faults: 90_000,
      observe: 120_000,
    });
    expect(
      plan.steps.map(({ id, injectMs, healMs, slots }) => ({ id, injectMs, healMs, slots })),
    ).toEqual([
      { id: "f01", injectMs: 10_000, healMs: 70_000, slots: [expect.any(Number)] },
      { id: "f02", injectMs: 90_000, healMs: null, slots: [] },
    ]);
    expect(plan.checks).toEqual([
      { name: "quick", params: { serviceMs: 20_000 } },
      { name: "always-so", params: { most: 3 } },
    ]);
    expect(plan.stack.map(({ part }) => part)).toEqual(["server", "agent"]);
  });

  test("leaves an add-on and an always-on check to the author who names them", () => {
    const own = serving({ part: "agent", replicas: 7, gpus: 0 });
    const expected = [quick({ service: "9s" }), always({ most: 9 })];
    const fault = drop({ on: one(server.pods) });
    const plan = planOf([fault], "s", { stack: [server, own], expect: expected });
    expect(plan.stack.map(({ part, replicas }) => [part, replicas])).toEqual([
      ["server", 3],
      ["agent", 7],
    ]);
    expect(plan.checks.filter(({ name }) => name === "always-so")).toEqual([
      { name: "always-so", params: { most: 9 } },
    ]);
  });
});

test("random streams are apart, uniform and the same everywhere", () => {
  const first = randomOf("seed", "a");
  expect([first(), first(), first()]).toEqual([
    0.5471008389722556, 0.6004560787696391, 0.7822263473644853,
  ]);
  const random = randomOf("seed", "b");
  const draws = Array.from({ length: 10_000 }, random);
  expect(draws.every((draw) => draw >= 0 && draw < 1)).toBe(true);
  expect(Math.abs(draws.reduce((sum, draw) => sum + draw, 0) / 10_000 - 0.5)).toBeLessThan(0.02);
  expect(new Set(drawRanks(randomOf("seed", "c"), 5, 3))).toEqual(new Set([0, 1, 2]));
});
