import { describe, expect, test } from "vitest";
import { breaches, holdUs, unseenUs, windowUs } from "../../src/measure/breach.ts";
import { endOfBad } from "../../src/measure/change-point.ts";
import { courseOf, type Course } from "../../src/measure/recovery.ts";
import { indexAt, mirrored, signalOf, slice } from "../../src/measure/signal.ts";

const S = 1_000_000;
const SLO = { withinMs: 250, goodRatio: 0.99, breachRatio: 0.95 };

/** Requests at 50/s for 100 s, bad where `isBad` says so of second and index. */
function course(isBad: (second: number, index: number) => boolean, slo = SLO): Course {
  const timesUs = Array.from({ length: 5_000 }, (_, i) => (i * S) / 50);
  const bad = timesUs.map((timeUs, i) => (isBad(timeUs / S, i) ? 1 : 0));
  return courseOf({
    signal: signalOf(timesUs, bad),
    fromUs: 0,
    untilUs: 100 * S,
    slo,
    steady: { bad: 1, n: 3_000, again: 0 },
    rateRps: 50,
    lagUs: 500,
  });
}

function hurt(of: Course): Extract<Course, { is: "hurt" }> {
  if (of.is !== "hurt") throw new Error("masked");
  return of;
}

describe("signal", () => {
  const signal = signalOf([1, 3, 5, 7], [0, 1, 1, 0]);

  test("is cut by time and mirrored", () => {
    expect(indexAt(signal, 3)).toBe(1);
    expect(indexAt(signal, 4)).toBe(2);
    expect([...slice(signal, 3, 7).timesUs]).toEqual([3, 5]);
    expect([...mirrored(signal).timesUs]).toEqual([-7, -5, -3, -1]);
    expect([...mirrored(signal).badBefore]).toEqual([0, 0, 1, 2, 2]);
  });
});

describe("windows", () => {
  test("are a second and twenty requests at least, and the hold three of them", () => {
    expect([windowUs(200), windowUs(20), windowUs(2)]).toEqual([S, S, 10 * S]);
    expect([holdUs(200), holdUs(2)]).toEqual([15 * S, 30 * S]);
  });

  test("one bad request in a second is no breach of 99 %", () => {
    const timesUs = Array.from({ length: 3_000 }, (_, i) => (i * S) / 50);
    const bad = timesUs.map((_, i) => (i % 200 === 7 ? 1 : 0));
    expect(breaches(signalOf(timesUs, bad), { widthUs: S, badRatioMax: 0.01, burst: 1 })).toEqual(
      [],
    );
  });

  test("a run of bad requests shorter than a window breaches", () => {
    const timesUs = Array.from({ length: 3_000 }, (_, i) => (i * S) / 50);
    const bad = timesUs.map((_, i) => (i >= 1_000 && i < 1_020 ? 1 : 0));
    const found = breaches(signalOf(timesUs, bad), { widthUs: S, badRatioMax: 0.05, burst: 1 });
    expect(found[0]).toMatchObject({ first: 1_000, widthUs: S });
    expect(found.every(({ last }) => last <= 1_019)).toBe(true);
  });

  test("the longest unseen outage is told and is not seen; a little longer is", () => {
    const unseen = unseenUs(5_000, 50, { badRatioMax: 0.05, burst: 1 }) / S;
    expect(unseen).toBeLessThan(0.5);
    const from = 40;
    expect(course((at) => at >= from && at < from + unseen - 0.03).is).toBe("masked");
    expect(course((at) => at >= from && at < from + unseen + 0.03).is).toBe("hurt");
  });
});

describe("the end of a bad stretch", () => {
  test("lies between the last bad and the first good request when all were bad", () => {
    const timesUs = Array.from({ length: 200 }, (_, i) => i * 20_000);
    const bad = timesUs.map((_, i) => (i < 100 ? 1 : 0));
    const signal = signalOf(timesUs, bad);
    const asked = {
      signal,
      badFrom: 40,
      from: 60,
      to: 150,
      after: { afterGood: 0.001, afterBad: 0.001 },
    };
    const end = endOfBad({ ...asked, untilUs: 4 * S });
    expect(end.lowUs).toBe(99 * 20_000);
    expect(end.highUs).toBe(100 * 20_000);
    expect(end.atUs).toBeCloseTo(99.5 * 20_000, -4);
    expect(end.open).toBe(false);
  });

  test("is open where nothing good follows", () => {
    const timesUs = Array.from({ length: 100 }, (_, i) => i * 20_000);
    const signal = signalOf(
      timesUs,
      timesUs.map(() => 1),
    );
    const asked = {
      signal,
      badFrom: 40,
      from: 60,
      to: 100,
      after: { afterGood: 0.001, afterBad: 0.001 },
    };
    expect(endOfBad({ ...asked, untilUs: 2 * S }).open).toBe(true);
  });

  test("lies behind the last bad request when only some were bad", () => {
    const timesUs = Array.from({ length: 300 }, (_, i) => i * 20_000);
    const signal = signalOf(
      timesUs,
      timesUs.map((_, i) => (i < 150 && i % 3 === 0 ? 1 : 0)),
    );
    const asked = {
      signal,
      badFrom: 0,
      from: 120,
      to: 250,
      after: { afterGood: 0.001, afterBad: 0.001 },
    };
    const end = endOfBad({ ...asked, untilUs: 6 * S });
    expect(end.atUs).toBeGreaterThan(147 * 20_000);
    expect(end.lowUs).toBeLessThanOrEqual(150 * 20_000);
    expect(end.highUs).toBeGreaterThan(150 * 20_000);
  });
});

describe("a course", () => {
  test("without a bad request is masked", () => {
    expect(course(() => false).is).toBe("masked");
  });

  test("with one outage has its two instants", () => {
    const { impact, recovered, held, open } = hurt(course((at) => at >= 20 && at < 30));
    expect(Math.abs(impact.atUs - 20 * S)).toBeLessThan(20_000);
    expect(Math.abs(recovered.atUs - 30 * S)).toBeLessThan(20_000);
    expect([held, open]).toEqual([true, false]);
  });

  test("a later breach moves the recovery: no credit for flapping", () => {
    const flap = (at: number): boolean => (at >= 20 && at < 30) || (at >= 60 && at < 62);
    const { impact, recovered } = hurt(course(flap));
    expect(Math.abs(impact.atUs - 20 * S)).toBeLessThan(20_000);
    expect(Math.abs(recovered.atUs - 62 * S)).toBeLessThan(20_000);
  });

  test("a single bad request later moves nothing", () => {
    const late = (at: number, i: number): boolean => (at >= 20 && at < 30) || i === 4_000;
    expect(hurt(course(late)).recovered.atUs).toBeLessThan(30.1 * S);
  });

  test("stays hurt while windows miss the objective, after a breach", () => {
    // 10 % bad is far over 1 % allowed, not over the 20 % of a relaxed breach.
    const slo = { ...SLO, breachRatio: 0.8 };
    const tail = (at: number, i: number): boolean =>
      (at >= 20 && at < 30) || (at >= 30 && at < 50 && i % 10 === 0);
    expect(hurt(course(tail, slo)).recovered.atUs).toBeGreaterThan(49 * S);
    expect(course((at, i) => at >= 30 && at < 50 && i % 10 === 0, slo).is).toBe("masked");
  });

  test("that is bad to the end is open; one that ends late is not held", () => {
    expect(hurt(course((at) => at >= 20))).toMatchObject({ held: false, open: true });
    expect(hurt(course((at) => at >= 80 && at < 90))).toMatchObject({ held: false, open: false });
  });

  test("a small share of bad requests shows in wide windows", () => {
    const { recovered } = hurt(course((at, i) => at >= 20 && at < 60 && i % 8 === 0));
    expect(Math.abs(recovered.atUs - 60 * S)).toBeLessThan(0.5 * S);
  });

  test("an objective of 100 % breaches at the first bad request", () => {
    const slo = { withinMs: 250, goodRatio: 1, breachRatio: 1 };
    expect(course((_, i) => i === 2_000, slo).is).toBe("hurt");
  });
});
