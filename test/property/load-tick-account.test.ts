import * as fc from "fast-check";
import { expect, test } from "vitest";
import { TickAccount } from "../../src/load/k6/tick-account.ts";

interface Told {
  readonly scenario: string;
  readonly tick: number;
}
const ticksOf = (scenario: string, count: number): Told[] =>
  Array.from({ length: count }, (_, tick) => ({ scenario, tick }));

/** All ticks of two scenarios, in any order. */
const complete = fc
  .tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 60 }))
  .map(([left, right]) => [...ticksOf("new", left), ...ticksOf("reused", right)])
  .chain((all) => fc.shuffledSubarray(all, { minLength: all.length }));

function account(told: readonly Told[]): TickAccount {
  const ticks = new TickAccount();
  for (const { scenario, tick } of told) ticks.add(scenario, tick);
  return ticks;
}

test("whatever the order, a complete record is complete", () => {
  fc.assert(
    fc.property(complete, (told) => {
      const ticks = account(told);
      expect(ticks.count).toBe(told.length);
      expect(ticks.missing()).toEqual([]);
    }),
  );
});

test("one that is told twice is refused", () => {
  fc.assert(
    fc.property(complete, fc.nat(), (told, at) => {
      const again = told[at % told.length] as Told;
      const ticks = account(told);
      expect(() => ticks.add(again.scenario, again.tick)).toThrow("told twice");
    }),
  );
});

test("one that is left out before another is missed", () => {
  fc.assert(
    fc.property(complete, fc.nat(), (told, at) => {
      const out = told[at % told.length] as Told;
      const last = told.every((one) => one.scenario !== out.scenario || one.tick <= out.tick);
      const ticks = account(told.filter((one) => one !== out));
      expect(ticks.missing()).toEqual(last ? [] : [out]);
      expect(ticks.count).toBe(told.length - 1);
    }),
  );
});
