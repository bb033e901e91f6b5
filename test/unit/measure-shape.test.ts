import { describe, expect, test } from "vitest";
import { serviceLane } from "../../src/measure/lanes.ts";
import { levelsOf } from "../../src/measure/levels.ts";
import { courseOf, type Course } from "../../src/measure/recovery.ts";
import { signalOf } from "../../src/measure/signal.ts";
import type { Lane } from "../../src/model/measurement.ts";
import { randomFrom } from "../property/measure-record.ts";

const S = 1_000_000;
const SLO = { withinMs: 250, goodRatio: 0.99, breachRatio: 0.99 };
const RATE = 50;

/** Requests for `forS`, bad with the chance that `share` says of their second; none before 5 s. */
function course(share: (second: number) => number, forS = 80): Extract<Course, { is: "hurt" }> {
  const random = randomFrom(4_711);
  const timesUs = Array.from({ length: RATE * forS }, (_, i) => (i * S) / RATE);
  const bad = timesUs.map((time) => (random() < share(time / S) ? 1 : 0));
  const of = courseOf({
    signal: signalOf(timesUs, bad),
    fromUs: 0,
    untilUs: forS * S,
    slo: SLO,
    steady: { bad: 3, n: 3_000, again: 0 },
    rateRps: RATE,
    lagUs: 0,
  });
  if (of.is !== "hurt") throw new Error("masked");
  return of;
}

const between = (second: number, from: number, to: number): boolean =>
  second >= from && second < to;

describe("levels", () => {
  const levels = (shares: readonly number[]): ReturnType<typeof levelsOf> => {
    const random = randomFrom(17);
    const bad = shares.flatMap((share) =>
      Array.from({ length: 300 }, () => (random() < share ? 1 : 0)),
    );
    const signal = signalOf(
      bad.map((_, i) => i),
      bad,
    );
    return levelsOf(signal, 0, bad.length, Math.log(bad.length));
  };

  test("one share is one level", () => {
    expect(levels([0.5, 0.5, 0.5])).toEqual({ gain: 0, lastFrom: 0 });
  });

  test("the last of several is found where it begins", () => {
    for (const shares of [
      [0.9, 0.3],
      [0.9, 0.6, 0.3],
    ]) {
      const { gain, lastFrom } = levels(shares);
      expect(gain).toBeGreaterThan(20);
      expect(Math.abs(lastFrom - 300 * (shares.length - 1))).toBeLessThan(30);
    }
  });
});

describe("a course's end", () => {
  test("of a ramp is where it is back at the background, and how long it took is said", () => {
    const { recovered, ramp, held, open } = course((at) =>
      between(at, 5, 40) ? Math.min(1, (40 - at) / 10) : 0.001,
    );
    expect(Math.abs(recovered.atUs - 40 * S)).toBeLessThan(S);
    expect(recovered.lowUs).toBeLessThan(40 * S);
    expect(recovered.highUs).toBeGreaterThan(40 * S);
    expect(ramp!.lowUs).toBeLessThanOrEqual(10 * S);
    expect(ramp!.highUs).toBeGreaterThanOrEqual(10 * S);
    expect([held, open]).toEqual([true, false]);
  });

  test("that is a ramp is said in the lane: over what time, or at least", () => {
    const bounds = {
      effect: { stampUs: 4 * S, lowUs: 4 * S },
      clearedUs: null,
      untilUs: 80 * S,
      holdUs: 15 * S,
    };
    const lane = (falls: number): Lane => {
      const of = course((at) => (between(at, 5, 50) ? Math.min(0.5, (50 - at) / falls) : 0.001));
      return serviceLane(of, bounds, 4_000).lane;
    };
    const short = lane(12);
    expect(short).toMatchObject({ class: "RECOVERED", ramp: { is: "value", unit: "ms" } });
    expect(short.note).toMatch(/^ramp over \d/u);
    const long = lane(60);
    expect(long).toMatchObject({ class: "RECOVERED", ramp: { is: "beyond", unit: "ms" } });
    expect(long.note).toMatch(/^ramp over at least \d/u);
  });

  test("of a step is no ramp, nor of a staircase; a few bad requests say nothing about it", () => {
    const step = course((at) => (between(at, 5, 40) ? 0.5 : 0.001));
    const stairs = course((at) => (between(at, 5, 35) ? Math.ceil((35 - at) / 10) / 3 : 0.001));
    const few = course((at) => (between(at, 5, 7) ? (7 - at) / 2 : 0.001));
    expect([step.ramp, stairs.ramp, few.ramp]).toEqual([null, null, null]);
    expect(Math.abs(stairs.recovered.atUs - 35 * S)).toBeLessThan(0.3 * S);
  });

  test("of a ramp that the end of observation cuts is open", () => {
    const cut = course((at) => (at >= 5 ? Math.max(0, Math.min(1, (82 - at) / 40)) : 0.001));
    expect(cut).toMatchObject({ held: false, open: true });
  });

  test("of turns with pauses is that of the last turn, by its own share", () => {
    const turns = course((at) =>
      between(at, 5, 45) && Math.floor((45 - at) / 4) % 2 === 0 ? 0.33 : 0.001,
    );
    expect(turns.recovered.atUs).toBeGreaterThan(44.5 * S);
    expect(turns.recovered.highUs).toBeLessThan(45.5 * S);
  });
});
