import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gpuLost } from "../../src/faults/gpu-lost.ts";
import { podKill } from "../../src/faults/pod-kill.ts";
import { one, type GpuWorkload } from "../../src/ports/author.ts";
import type { Step } from "../../src/ports/fault.ts";
import { inTurn, repeat } from "../../src/ports/timing.ts";
import { ms } from "../../src/model/quantity.ts";

const server = {
  gpus: { part: "server", kind: "gpu" },
  pods: { part: "server", kind: "pod" },
} as GpuWorkload;

/** Steps that are held for a time or happen once, some with a begin of their own. */
const step = fc.record({
  at: fc.option(fc.integer({ min: 0, max: 60_000 }), { nil: undefined }),
  for: fc.option(fc.integer({ min: 1_000, max: 60_000 }), { nil: undefined }),
});
const made = step.map(({ at, for: lasts }): Step => {
  const begin = at === undefined ? {} : { at: `${at}ms` as const };
  return lasts === undefined
    ? podKill({ on: one(server.pods), ...begin })
    : gpuLost({ on: one(server.gpus), for: `${lasts}ms`, ...begin });
});
const steps = fc.array(made, { minLength: 1, maxLength: 6 }).map((all) => all as [Step, ...Step[]]);

const field = (of: Step, name: "at" | "for"): number =>
  ms((of.options as Record<string, unknown>)[name] ?? "0s");
const begin = (of: Step): number => field(of, "at");
const end = (of: Step): number => begin(of) + field(of, "for");

describe("in turn", () => {
  test("each begins after what is before it has healed, and nothing else about it changes", () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 30_000 }), (all, gapMs) => {
        const turns = inTurn(all, { gap: `${gapMs}ms` });
        expect(turns.length).toBe(all.length);
        for (const [nth, turn] of turns.entries()) {
          const own = all[nth]!;
          const before = turns[nth - 1];
          const fromMs = before === undefined ? 0 : end(before) + gapMs;
          expect(begin(turn)).toBe(fromMs + begin(own));
          expect({ ...turn.options, at: 0 }).toEqual({ ...own.options, at: 0 });
          expect(turn.definition).toBe(own.definition);
        }
      }),
    );
  });

  test("a gap that is no time is told", () => {
    const all = [podKill({ on: one(server.pods) })] as const;
    expect(() => inTurn(all, { gap: "soon" as never })).toThrow(
      'inTurn.gap must be a duration such as "20s", got "soon"',
    );
  });
});

describe("repeat", () => {
  test("every turn is the first one, later; no two turns overlap", () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 5 }), fc.nat(30_000), (all, times, moreMs) => {
        const lastsMs = Math.max(...all.map(end)) - Math.min(...all.map(begin));
        const everyMs = lastsMs + 1 + moreMs;
        const turns = repeat(all, { times, every: `${everyMs}ms` });
        expect(turns.length).toBe(times * all.length);
        for (const [nth, turn] of turns.entries()) {
          const own = all[nth % all.length]!;
          expect(begin(turn)).toBe(begin(own) + Math.floor(nth / all.length) * everyMs);
        }
        for (let nth = all.length; nth < turns.length; nth += all.length) {
          const before = turns.slice(nth - all.length, nth);
          const now = turns.slice(nth, nth + all.length);
          expect(Math.min(...now.map(begin))).toBeGreaterThan(Math.max(...before.map(end)));
        }
      }),
    );
  });

  test("of one step alone, with what is wrong told", () => {
    const lost = gpuLost({ on: one(server.gpus), for: "10s" });
    const begins = repeat(lost, { times: 3, every: "1m" }).map(begin);
    expect(begins).toEqual([0, 60_000, 120_000]);
    expect(() => repeat(lost, { times: 0, every: "1m" })).toThrow(
      "repeat.times must be 1 to 100, got 0",
    );
    expect(() => repeat(lost, { times: 2, every: "10s" })).toThrow(
      "repeat.every must be more than 10000ms, a turn, got 10s",
    );
  });
});
