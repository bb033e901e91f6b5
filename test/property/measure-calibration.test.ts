import { describe, expect, test } from "vitest";
import { courseOf, type Course } from "../../src/measure/recovery.ts";
import { signalOf } from "../../src/measure/signal.ts";
import { randomFrom } from "./measure-record.ts";

// Runs whose truth is drawn here, by code that knows nothing of the estimator.

const S = 1_000_000;
const SLO = { withinMs: 250, goodRatio: 0.99, breachRatio: 0.95 };
const STEADY_S = 60;
const AFTER_S = 40;
const BACKGROUND = 0.001;
const RUNS = 60;
/** Fewer bad requests than this say too little about where an outage ends. */
const BAD_EXPECTED_MIN = 10;
/**
 * Below this some outages are masked, as was seen: more runs are drawn, and what is asked of their
 * cells is asked of the outages that were seen.
 */
const BAD_EXPECTED_SURE = 51;
const RUNS_WEAK = 400;

interface Cell {
  readonly rate: number;
  readonly share: number;
  readonly outageS: number;
  readonly arrivals: "constant" | "poisson";
  readonly errors: "single" | "bursty";
  /** The share falls to nothing over so long at the end, or in thirds of it; absent: at once. */
  readonly falls?: { readonly overS: number; readonly by: "line" | "thirds" };
}

interface Run {
  readonly course: Course;
  readonly fromUs: number;
  readonly endUs: number;
}

function draw(cell: Cell, seed: number): Run {
  const random = randomFrom(seed);
  const injUs = STEADY_S * S + random() * S;
  const fromUs = injUs + random() * 3 * S;
  const endUs = fromUs + cell.outageS * S;
  const untilUs = endUs + AFTER_S * S;
  const timesUs: number[] = [];
  const bad: number[] = [];
  const steady = { bad: 0, n: 0, again: 0 };
  let burst = 0;
  for (let atUs = (random() / cell.rate) * S; atUs < untilUs;) {
    const inside = atUs >= fromUs && atUs < endUs;
    if (burst === 0 && !inside && random() < BACKGROUND) burst = cell.errors === "bursty" ? 4 : 1;
    const isBad = inside ? random() < cell.share * left(cell, endUs - atUs) : burst > 0;
    burst = Math.max(0, burst - 1);
    timesUs.push(atUs);
    bad.push(isBad ? 1 : 0);
    if (atUs < STEADY_S * S) {
      steady.n += 1;
      steady.bad += isBad ? 1 : 0;
      if (isBad && bad.at(-2) === 1) steady.again += 1;
    }
    const gap = cell.arrivals === "constant" ? 1 : -Math.log(1 - random());
    atUs += (gap / cell.rate) * S;
  }
  const course = courseOf({
    signal: signalOf(timesUs, bad),
    fromUs: injUs,
    untilUs,
    slo: SLO,
    steady,
    rateRps: cell.rate,
    lagUs: 0,
  });
  return { course, fromUs, endUs };
}

/** Of the bad share, so long before the end. */
function left({ falls }: Cell, beforeUs: number): number {
  if (!falls) return 1;
  const part = Math.min(1, beforeUs / (falls.overS * S));
  return falls.by === "line" ? part : Math.ceil(3 * part) / 3;
}

const nameOf = ({ rate, share, outageS, arrivals, errors }: Cell): string =>
  `${rate}/s, ${share * 100} % for ${outageS} s, ${arrivals}, ${errors}`;

const CELLS: readonly Cell[] = [10, 50, 200].flatMap((rate) =>
  [0.33, 0.5, 1].flatMap((share) =>
    [0.5, 2, 10, 60].map((outageS): Cell => ({
      rate,
      share,
      outageS,
      arrivals: "constant",
      errors: "single",
    })),
  ),
);
const ODD: readonly Cell[] = [0.33, 1].flatMap((share): readonly Cell[] => [
  { rate: 50, share, outageS: 10, arrivals: "poisson", errors: "single" },
  { rate: 50, share, outageS: 10, arrivals: "constant", errors: "bursty" },
]);
const badExpected = ({ rate, share, outageS }: Cell): number => rate * share * outageS;
const judged = (cell: Cell): boolean => badExpected(cell) >= BAD_EXPECTED_MIN;
const sure = (cell: Cell): boolean => cell.share === 1 || badExpected(cell) >= BAD_EXPECTED_SURE;
const runsOf = (cell: Cell): number => (judged(cell) && !sure(cell) ? RUNS_WEAK : RUNS);

interface Result {
  readonly cell: Cell;
  readonly hurt: readonly (Run & { readonly course: Extract<Course, { is: "hurt" }> })[];
}

const RESULTS: readonly Result[] = [...CELLS, ...ODD].map((cell, nth) => {
  const runs = Array.from({ length: runsOf(cell) }, (_, i) => draw(cell, nth * 1_000 + i + 1));
  return {
    cell,
    hurt: runs.filter((run): run is Result["hurt"][number] => run.course.is === "hurt"),
  };
});

describe("the recovery estimator", () => {
  test("the cells that say too little are these", () => {
    expect(CELLS.filter((cell) => !judged(cell)).map(nameOf)).toEqual([
      "10/s, 33 % for 0.5 s, constant, single",
      "10/s, 33 % for 2 s, constant, single",
      "10/s, 50 % for 0.5 s, constant, single",
      "10/s, 100 % for 0.5 s, constant, single",
      "50/s, 33 % for 0.5 s, constant, single",
    ]);
  });

  test("the cells of which a part is masked are among these", () => {
    expect(CELLS.filter((cell) => judged(cell) && !sure(cell)).map(nameOf)).toEqual([
      "10/s, 33 % for 10 s, constant, single",
      "10/s, 50 % for 2 s, constant, single",
      "10/s, 50 % for 10 s, constant, single",
      "50/s, 33 % for 2 s, constant, single",
      "50/s, 50 % for 0.5 s, constant, single",
      "50/s, 50 % for 2 s, constant, single",
      "200/s, 33 % for 0.5 s, constant, single",
      "200/s, 50 % for 0.5 s, constant, single",
    ]);
  });

  test("sees every outage that is not weak, and the end of all that it sees", () => {
    for (const { cell, hurt } of RESULTS.filter(({ cell }) => judged(cell))) {
      if (sure(cell)) expect(hurt.length, nameOf(cell)).toBe(runsOf(cell));
      expect(
        hurt.every(({ course }) => course.held),
        nameOf(cell),
      ).toBe(true);
    }
  });

  test("is right on the mean to a request", () => {
    for (const { cell, hurt } of RESULTS.filter(({ cell }) => judged(cell))) {
      const errors = hurt.map(({ course, endUs }) => (course.recovered.atUs - endUs) / S);
      const bias = errors.reduce((sum, one) => sum + one, 0) / errors.length;
      expect(Math.abs(bias), nameOf(cell)).toBeLessThanOrEqual(1 / cell.rate);
    }
  });

  test("covers the end and the begin, in each share and nearly in each cell", () => {
    for (const share of [0.33, 0.5, 1]) {
      const own = RESULTS.filter(({ cell }) => cell.share === share && judged(cell));
      const all = own.flatMap(({ hurt }) => hurt);
      expect(coverage(all, "recovered"), `${share}`).toBeGreaterThanOrEqual(0.92);
      expect(coverage(all, "impact"), `${share}`).toBeGreaterThanOrEqual(0.92);
      for (const { cell, hurt } of own) {
        expect(coverage(hurt, "recovered"), nameOf(cell)).toBeGreaterThanOrEqual(0.85);
      }
    }
  });

  test("is no wider than it must be", () => {
    for (const { cell, hurt } of RESULTS.filter(({ cell }) => judged(cell))) {
      const widths = hurt.map(({ course: { recovered } }) => recovered.highUs - recovered.lowUs);
      const mean = widths.reduce((sum, one) => sum + one, 0) / widths.length / S;
      // At 100 % it is the gap between two requests; else a few mean distances of bad ones, and
      // some more for the ramps that cannot be told from it.
      expect(mean, nameOf(cell)).toBeLessThan(
        (cell.share === 1 ? 3 : 6 / cell.share) / cell.rate + 0.05,
      );
    }
  });
});

function coverage(hurt: Result["hurt"], which: "recovered" | "impact"): number {
  const inside = hurt.filter(({ course, fromUs, endUs }) => {
    const truth = which === "recovered" ? endUs : fromUs;
    return course[which].lowUs <= truth && truth <= course[which].highUs;
  });
  return inside.length / hurt.length;
}

test("500 recovered runs are recovered, 500 without an outage masked", { timeout: 60_000 }, () => {
  const cell: Cell = { rate: 20, share: 0.7, outageS: 6, arrivals: "constant", errors: "single" };
  const calm: Cell = { ...cell, outageS: 0 };
  let unheld = 0;
  let alarms = 0;
  for (let seed = 1; seed <= 500; seed += 1) {
    const { course } = draw(cell, 50_000 + seed);
    if (course.is === "hurt" && !course.held) unheld += 1;
    if (course.is === "masked") unheld += 1;
    if (draw(calm, 60_000 + seed).course.is === "hurt") alarms += 1;
  }
  expect([unheld, alarms]).toEqual([0, 0]);
});

test("a slow recovery is told as a ramp, to its end; one in steps is not", () => {
  const cell: Cell = { rate: 50, share: 1, outageS: 20, arrivals: "constant", errors: "single" };
  const slow = hurtOf({ ...cell, falls: { overS: 10, by: "line" } }, 70_000);
  const errorsS = slow.map(({ course, endUs }) => (course.recovered.atUs - endUs) / S);
  const bias = errorsS.reduce((sum, one) => sum + one, 0) / errorsS.length;
  expect(slow.length).toBe(RUNS);
  expect(slow.filter(({ course }) => course.ramp !== null).length).toBeGreaterThan(0.95 * RUNS);
  expect(coverage(slow, "recovered")).toBeGreaterThanOrEqual(0.85);
  // The last bad request is expected 0.6 s before the end: that is what there is to go by.
  expect(Math.abs(bias)).toBeLessThan(0.2);
  const overS = slow.map(({ course }) => (course.ramp?.valueUs ?? 0) / S).sort((a, b) => a - b);
  expect(overS[RUNS / 2]).toBeGreaterThan(8);
  expect(overS[RUNS / 2]).toBeLessThan(12);

  const steps = hurtOf({ ...cell, outageS: 30, falls: { overS: 30, by: "thirds" } }, 80_000);
  expect(steps.filter(({ course }) => course.ramp !== null).length).toBeLessThan(0.1 * RUNS);
  expect(coverage(steps, "recovered")).toBeGreaterThanOrEqual(0.9);
});

function hurtOf(cell: Cell, seed: number): Result["hurt"] {
  return Array.from({ length: RUNS }, (_, i) => draw(cell, seed + i)).filter(
    (run): run is Result["hurt"][number] => run.course.is === "hurt",
  );
}
