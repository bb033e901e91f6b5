// Curves, means and quantiles of recovery times against their definitions.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { absent, beyond, value } from "../../src/model/measured.ts";
import type { Class, Lane } from "../../src/model/measurement.ts";
import {
  commonHorizon,
  kaplanMeier,
  restrictedMean,
  subjectOf,
  survivalQuantile,
  type Subject,
} from "../../src/measure/survival.ts";
import { randomFrom } from "./measure-record.ts";

const subject = fc.record({ time: fc.integer({ min: 0, max: 30 }), ended: fc.boolean() });
const group = fc.array(subject, { minLength: 1, maxLength: 12 });
const ended = fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 12 });
const all = (times: readonly number[]): readonly Subject[] =>
  times.map((time) => ({ time, ended: true }));

/** The product that defines the curve, from nothing but the subjects. */
function survivalAt(subjects: readonly Subject[], at: number): number {
  let product = 1;
  for (let time = 0; time <= at; time += 1) {
    const atRisk = subjects.filter((one) => one.time >= time).length;
    const died = subjects.filter((one) => one.time === time && one.ended).length;
    if (atRisk > 0) product *= 1 - died / atRisk;
  }
  return product;
}

test("the curve is the product over the times at which runs came back", () => {
  fc.assert(
    fc.property(group, fc.integer({ min: 0, max: 31 }), (subjects, at) => {
      const step = kaplanMeier(subjects).findLast(({ time }) => time <= at);
      expect(step?.survival ?? 1).toBeCloseTo(survivalAt(subjects, at), 12);
    }),
  );
});

test("without censoring the curve is the share that is not back", () => {
  fc.assert(
    fc.property(ended, fc.integer({ min: 0, max: 31 }), (times, at) => {
      const step = kaplanMeier(all(times)).findLast(({ time }) => time <= at);
      const share = times.filter((time) => time > at).length / times.length;
      expect(step?.survival ?? 1).toBeCloseTo(share, 12);
    }),
  );
});

test("the restricted mean is the area under the curve, and inside its interval", () => {
  fc.assert(
    fc.property(group, fc.integer({ min: 1, max: 30 }), (subjects, horizon) => {
      let area = 0;
      for (let at = 0; at < horizon; at += 1) area += survivalAt(subjects, at);
      const mean = restrictedMean("ms", subjects, horizon);
      if (mean.is !== "value") throw new Error(mean.is);
      expect(mean.value).toBeCloseTo(area, 9);
      expect(mean.low).toBeLessThanOrEqual(mean.value);
      expect(mean.high).toBeGreaterThanOrEqual(mean.value);
    }),
  );
});

test("the interval of a mean of runs that all came back covers it as often as it says", () => {
  const random = randomFrom(7);
  let covered = 0;
  for (let run = 0; run < 2_000; run += 1) {
    const times = Array.from({ length: 8 }, () => 100 + 20 * (random() + random() + random()));
    const mean = restrictedMean("ms", all(times), Math.max(...times));
    if (mean.is === "value" && mean.low <= 130 && mean.high >= 130) covered += 1;
  }
  // Cut at the longest run, the mean is no longer that of what is behind it.
  expect(covered / 2_000).toBeGreaterThan(0.92);
});

test("a quantile is where the curve first falls to its share, else beyond", () => {
  fc.assert(
    fc.property(group, fc.constantFrom(0.25, 0.5, 0.9), (subjects, share) => {
      const got = survivalQuantile("ms", subjects, share);
      if (got.is !== "value") {
        expect(got.is).toBe("beyond");
        return;
      }
      expect(survivalAt(subjects, got.value)).toBeLessThanOrEqual(1 - share + 1e-9);
      if (got.value > 0) {
        expect(survivalAt(subjects, got.value - 1)).toBeGreaterThan(1 - share - 1e-9);
      }
      expect(got.low).toBeLessThanOrEqual(got.value);
      expect(got.high).toBeGreaterThanOrEqual(got.value);
    }),
  );
});

test("half of the runs never came back: a quantile beyond them is beyond what was seen", () => {
  const times = Array.from({ length: 10 }, (_, i) => ({ time: i < 4 ? i + 1 : 60, ended: i < 4 }));
  expect(survivalQuantile("ms", times, 0.5)).toMatchObject({ is: "beyond", n: 10 });
  expect(survivalQuantile("ms", [], 0.5).is).toBe("absent");
  expect(restrictedMean("ms", [], 10).is).toBe("absent");
});

test("a run that is censored later never shortens anything", () => {
  fc.assert(
    fc.property(group, fc.integer({ min: 0, max: 11 }), (subjects, which) => {
      const longer = subjects.map((one, i) => (i === which ? { ...one, ended: false } : one));
      for (let at = 0; at <= 30; at += 1) {
        expect(survivalAt(longer, at)).toBeGreaterThanOrEqual(survivalAt(subjects, at) - 1e-12);
      }
    }),
  );
});

test("both curves are known up to the common horizon", () => {
  expect(commonHorizon([all([3, 5]), all([9])])).toBe(9);
  expect(commonHorizon([[...all([3]), { time: 5, ended: false }], all([9])])).toBe(5);
});

test("a lane as a subject: masked 0, not back censored, invalid left out", () => {
  const lane = (is: Class, recovery: Lane["recovery"]): Lane => ({
    class: is,
    recovery,
    waterfall: [],
    note: "",
  });
  expect(subjectOf(lane("MASKED", value("ms", { value: 0, n: 9 })))).toEqual({
    time: 0,
    ended: true,
  });
  for (const is of ["UNRECOVERED", "METASTABLE"] as const) {
    expect(subjectOf(lane(is, beyond("ms", 90, 9)))).toEqual({ time: 90, ended: false });
  }
  expect(subjectOf(lane("INVALID", absent("ms", "why")))).toBeNull();
  expect(subjectOf(lane("RECOVERED", value("ms", { value: 7, n: 9 })))).toEqual({
    time: 7,
    ended: true,
  });
});
