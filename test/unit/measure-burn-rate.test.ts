// When a burn-rate alert of the budget should have fired, against arithmetic done by hand.
import { expect, test } from "vitest";
import { burnRate } from "../../src/checks/burn-rate.ts";
import { measure } from "../../src/measure/measure.ts";
import type { BurnAlert, Episode } from "../../src/model/measurement.ts";
import type { Sample } from "../../src/model/request.ts";
import { made } from "../property/measure-made.ts";
import { EFFECT_AFTER_US, faultsUs, makeRecord, type Made } from "../property/measure-record.ts";

const S = 1_000_000;
const SLO = { withinMs: 250, goodRatio: 0.999, breachRatio: 0.99 };
const LONG: Made = { slo: SLO, background: 0, observeS: 200, faultS: 100 };

const episode = (of: Made): Episode => made(of).episodes[0]!;
const page = (of: Made): BurnAlert => episode(of).burnRate.alerts[0]!;
const outage = (seconds: number, share = 1): Made => ({
  ...LONG,
  outages: [{ fromS: 0, untilS: seconds, share }],
});

test("the four alerts of a 30-day window, and what they are of another one", () => {
  const told = episode(LONG).burnRate.alerts.map(({ severity, factor, longMs, shortMs }) => [
    severity,
    Number(factor.toPrecision(6)),
    longMs / 3_600_000,
    shortMs / 60_000,
  ]);
  expect(told).toEqual([
    ["page", 14.4, 1, 5],
    ["page", 6, 6, 30],
    ["ticket", 3, 24, 120],
    ["ticket", 1, 72, 360],
  ]);
  const week = { ...LONG, slo: { ...SLO, windowMs: 7 * 86_400_000 } };
  expect(page(week).factor).toBeCloseTo(14.4 * (7 / 30), 9);
});

test("a full outage at 99.9 %: due after 52 s, and 104 s where half are lost", () => {
  for (const [share, afterS] of [
    [1, 51.84],
    [0.5, 103.7],
  ] as const) {
    const { due } = page(outage(150, share));
    if (due.is !== "value") throw new Error(`${share}: ${due.is}`);
    expect(Math.abs(due.value / 1_000 - afterS)).toBeLessThan(share === 1 ? 1.1 : 8);
    expect(due.low).toBeLessThan(due.value);
    expect(due.high).toBeGreaterThanOrEqual(due.value);
  }
});

test("a fault that heals itself within 50 s pages nobody, whatever is observed", () => {
  const { due } = page(outage(45));
  // 0 bad of 1,200 may be 0.307 %: (1.44 % - 0.307 %) of 3,600 s is 40.8 s, and due by the 41st.
  expect(due).toMatchObject({ is: "beyond", low: 40_000 });
});

test("both windows must burn: what is over for longer than the short one is not due any more", () => {
  const long = { ...outage(150), observeS: 500 };
  const { held } = page(long);
  if (held.is !== "value") throw new Error(held.is);
  // 5 min of which 1.44 % is 4.32 s: it ends 296 s after the outage does.
  expect(Math.abs(held.value / 1_000 - (150 - 52 + 295.7))).toBeLessThan(3);
});

test("more than all must fail: no burn of a lax objective can ever be an alert", () => {
  const lax = { ...outage(150), slo: { ...SLO, goodRatio: 0.9, breachRatio: 0.8 } };
  const { due, thresholdRatio } = page(lax);
  expect(thresholdRatio).toBeCloseTo(1.44, 9);
  expect(due).toMatchObject({ is: "beyond" });
});

test("a record that cannot be judged, and a burn before the fault, are told as such", () => {
  expect(page({ ...LONG, steadyS: 5 }).due).toMatchObject({ is: "absent" });
  // 12 % bad all the time, where the steady phase is no basis anyway.
  expect(page({ ...LONG, background: 0.12 }).due.is).toBe("absent");
});

const reading = (afterS: number, value: number, tags: Sample["tags"]): Sample => ({
  atUs: faultsUs(LONG) + EFFECT_AFTER_US + afterS * S,
  metric: "burn_alert",
  value,
  tags,
});

function withAlert(of: Made, samples: readonly Sample[]): Episode {
  return measure({ ...makeRecord(of), samples }).episodes[0]!;
}

const FAST = { alert: "fast", severity: "page", long: "1h" };
const readings = (firesS: number | null, tags: Sample["tags"] = FAST): readonly Sample[] => {
  const all = Array.from({ length: 30 }, (_, i) => i * 10 - 20);
  return all.map((s) => reading(s, firesS !== null && s >= firesS ? 1 : 0, tags)).reverse();
};

const notes = (one: Episode): readonly string[] =>
  burnRate.definition
    .judge({ episodes: [one] } as never, {} as never)
    .map(({ outcome, what }) => `${outcome} ${what}`);

test("an alert that fired when it was due is no finding; the bracket of its readings is told", () => {
  const one = withAlert(outage(150), readings(60));
  const [real] = one.burnRate.real;
  expect(real).toMatchObject({ name: "fast", fired: { value: 60_000, low: 50_000, high: 60_000 } });
  expect(real!.due).toEqual(one.burnRate.alerts[0]!.due);
  expect(notes(one)).toEqual([]);
});

test("one that did not fire though it was due, or fired though it was not, is noted", () => {
  expect(notes(withAlert(outage(150), readings(null)))).toEqual([
    "noted alert fast: should have fired, and did not",
  ]);
  expect(notes(withAlert(outage(150), readings(240)))).toEqual([
    "noted alert fast: fired later than it was due",
  ]);
  expect(notes(withAlert(outage(20), readings(30)))).toEqual([
    "noted alert fast: fired though it was not due",
  ]);
  expect(notes(withAlert(outage(150), readings(10)))).toEqual([
    "noted alert fast: fired before it was due",
  ]);
});

test("one alert for both pages is due when the first of them is", () => {
  const one = withAlert(outage(150), readings(60, { alert: "page", severity: "page" }));
  const [fast, slow] = one.burnRate.alerts.map(({ due }) => due);
  if (fast?.is !== "value" || slow?.is !== "value") throw new Error("no value");
  expect(one.burnRate.real[0]!.due).toMatchObject({ value: Math.min(fast.value, slow.value) });
  expect(notes(one)).toEqual([]);
});

test("without readings nothing is compared, and what fired before says nothing", () => {
  const none = episode(outage(150));
  expect(none.burnRate.real).toEqual([]);
  expect(notes(none)).toEqual([]);
  const before = withAlert(outage(150), readings(-20));
  expect(before.burnRate.real[0]!.fired).toMatchObject({ is: "absent" });
  expect(notes(before)).toEqual([]);
  const odd = readings(60, { alert: "other", severity: "info" });
  expect(withAlert(outage(150), odd).burnRate.real).toEqual([]);
});
