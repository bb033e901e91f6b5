// When alerts on the burn rate of the error budget should have fired, and when they did.
import { absent, beyond, value, type Measured } from "../model/measured.ts";
import type { BurnAlert, BurnRate, RealAlert } from "../model/measurement.ts";
import { budgetWindowMs, type Slo } from "../model/plan.ts";
import { ms, type Ms, type Ratio, type Us } from "../model/quantity.ts";
import type { Sample } from "../model/request.ts";
import { shareInterval } from "./binomial.ts";
import type { Span } from "./phases.ts";
import { indexAt, type Signal } from "./signal.ts";

const HOUR_MS = 3_600_000;
const SECOND_US = 1_000_000;

/**
 * The usual four: so much of the budget burnt within the long window, and the short one says that
 * it still burns. The factor follows from the budget's window: 14.4, 6, 3 and 1 of 30 days.
 */
const ALERTS = [
  { severity: "page", share: 0.02, longMs: HOUR_MS, shortMs: HOUR_MS / 12 },
  { severity: "page", share: 0.05, longMs: 6 * HOUR_MS, shortMs: HOUR_MS / 2 },
  { severity: "ticket", share: 0.1, longMs: 24 * HOUR_MS, shortMs: 2 * HOUR_MS },
  { severity: "ticket", share: 0.1, longMs: 72 * HOUR_MS, shortMs: 6 * HOUR_MS },
] as const;

export interface BurnRateOf {
  /** All scenarios: an alert sees the service's clients together. */
  readonly signals: readonly Signal[];
  readonly steady: Span | null;
  /** The effect, and the end of the episode. */
  readonly fromUs: Us;
  readonly untilUs: Us;
  readonly slo: Slo;
  /** At the latest then a request is known to be bad. */
  readonly timeoutMs: Ms;
  readonly samples: readonly Sample[];
  /** Why nothing can be said, or null. */
  readonly invalid: string | null;
}

/**
 * Each alert looked at every second, on requests by their intended start. What came before the
 * steady phase nobody saw: as many requests and as large a share of bad ones as in it are assumed,
 * over as much of a window as lies before. The interval is that of this share, and of a request's
 * time-out.
 */
export function burnRateOf(of: BurnRateOf): BurnRate {
  const before = beforeOf(of);
  const why = of.invalid ?? (before ? null : "no steady phase to go by");
  const alerts = ALERTS.map((alert): BurnAlert => {
    const { severity, share, longMs, shortMs } = alert;
    const factor = (share * budgetWindowMs(of.slo)) / longMs;
    const thresholdRatio = factor * (1 - of.slo.goodRatio);
    const told = { severity, factor, thresholdRatio, longMs, shortMs };
    if (why !== null || !before) {
      const none = absent("ms", why ?? "");
      return { ...told, due: none, held: none };
    }
    return { ...told, ...dueOf(told, before, of) };
  });
  return { alerts, real: realOf(of, alerts) };
}

/** What the steady phase says of the time before it: per second, and which share was bad. */
interface Before {
  readonly untilUs: Us;
  readonly rateRps: number;
  readonly share: { readonly likely: Ratio; readonly low: Ratio; readonly high: Ratio };
}

function beforeOf({ signals, steady }: BurnRateOf): Before | null {
  if (!steady || steady.untilUs <= steady.fromUs) return null;
  const { bad, n } = countsOf(signals, steady.fromUs, steady.untilUs);
  if (n === 0) return null;
  const seconds = (steady.untilUs - steady.fromUs) / SECOND_US;
  return {
    untilUs: steady.fromUs,
    rateRps: n / seconds,
    share: { likely: bad / n, ...shareInterval(bad, n) },
  };
}

function countsOf(
  signals: readonly Signal[],
  fromUs: Us,
  untilUs: Us,
): { readonly bad: number; readonly n: number } {
  let bad = 0;
  let n = 0;
  for (const signal of signals) {
    const from = indexAt(signal, fromUs);
    const until = Math.max(from, indexAt(signal, untilUs));
    bad += signal.badBefore[until]! - signal.badBefore[from]!;
    n += until - from;
  }
  return { bad, n };
}

/** Whole seconds after the effect: the first at which both windows burn, the next without. */
interface Burnt {
  readonly fromS: number;
  readonly untilS: number | null;
}

function burntOf(
  { longMs, shortMs, thresholdRatio }: Pick<BurnAlert, "longMs" | "shortMs" | "thresholdRatio">,
  { before, share }: { readonly before: Before; readonly share: Ratio },
  { signals, fromUs, untilUs }: BurnRateOf,
): Burnt | null {
  const burns = (atUs: Us, overMs: Ms): boolean => {
    const startUs = atUs - overMs * 1_000;
    const seen = countsOf(signals, Math.max(startUs, before.untilUs), atUs);
    const assumed = (before.rateRps * Math.max(0, before.untilUs - startUs)) / SECOND_US;
    return seen.bad + assumed * share > thresholdRatio * (seen.n + assumed);
  };
  let fromS: number | null = null;
  for (let s = 0; fromUs + s * SECOND_US <= untilUs; s += 1) {
    const atUs = fromUs + s * SECOND_US;
    const both = burns(atUs, shortMs) && burns(atUs, longMs);
    if (both) fromS ??= s;
    else if (fromS !== null) return { fromS, untilS: s };
  }
  return fromS === null ? null : { fromS, untilS: null };
}

function dueOf(
  alert: Pick<BurnAlert, "longMs" | "shortMs" | "thresholdRatio">,
  before: Before,
  of: BurnRateOf,
): Pick<BurnAlert, "due" | "held"> {
  const observedMs = Math.max(0, (of.untilUs - of.fromUs) / 1_000);
  const { n } = countsOf(of.signals, of.fromUs, of.untilUs);
  const none = absent("ms", "it was not due");
  if (alert.thresholdRatio >= 1) return { due: beyond("ms", observedMs, n), held: none };
  const { likely, low, high } = before.share;
  const [middle, latest, soonest] = [likely, low, high].map((share) =>
    burntOf(alert, { before, share }, of),
  );
  if (!soonest) return { due: beyond("ms", observedMs, n), held: none };
  if (latest?.fromS === 0) {
    const why = "it was due before this fault";
    return { due: absent("ms", why), held: absent("ms", why) };
  }
  const lowMs = Math.max(0, soonest.fromS - 1) * 1_000;
  if (!middle || !latest) return { due: beyond("ms", lowMs, n), held: none };
  const highMs = latest.fromS * 1_000 + of.timeoutMs;
  const due = value("ms", { value: middle.fromS * 1_000, low: lowMs, high: highMs, n });
  return { due, held: heldOf(middle, observedMs, n) };
}

function heldOf({ fromS, untilS }: Burnt, observedMs: Ms, n: number): Measured<"ms"> {
  if (untilS === null) return beyond("ms", observedMs - fromS * 1_000, n);
  return value("ms", { value: (untilS - fromS) * 1_000, n });
}

/** One that looks at the alerts of the service, of whatever make: 1 while it fires. */
const METRIC = "burn_alert";

/** What really fired, by name; an alert that says no window stands for all of its severity. */
function realOf(
  { samples, fromUs, untilUs }: BurnRateOf,
  alerts: readonly BurnAlert[],
): readonly RealAlert[] {
  const byName = new Map<string, Sample[]>();
  for (const sample of samples) {
    if (sample.metric !== METRIC || sample.atUs >= untilUs) continue;
    const name = sample.tags["alert"] ?? "";
    const known = byName.get(name);
    if (known) known.push(sample);
    else byName.set(name, [sample]);
  }
  return [...byName]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, readings]): readonly RealAlert[] => {
      const own = alerts.filter((alert) => standsFor(readings[0]!.tags, alert));
      if (own.length === 0) return [];
      return [{ name, ...firstDue(own), fired: firedOf(readings, fromUs) }];
    });
}

function standsFor(tags: Sample["tags"], { severity, longMs }: BurnAlert): boolean {
  if (tags["severity"] !== severity) return false;
  return tags["long"] === undefined || windowMs(tags["long"]) === longMs;
}

/** Prometheus writes `1d` where authors write `24h`; null: no window that can be read. */
function windowMs(text: string): Ms | null {
  const days = /^(\d+)d$/.exec(text);
  if (days) return Number(days[1]) * 24 * HOUR_MS;
  try {
    return ms(text);
  } catch {
    return null;
  }
}

/** Several alerts told as one: due as soon as the first of them is. */
function firstDue(alerts: readonly BurnAlert[]): Pick<RealAlert, "due" | "held"> {
  const known = alerts.filter(({ due }) => due.is !== "absent");
  const first = known.reduce<BurnAlert | undefined>(
    (a, b) => (a && orderOf(a) <= orderOf(b) ? a : b),
    undefined,
  );
  if (!first || known.length < alerts.length) {
    const { due, held } = alerts.find((one) => one.due.is === "absent") ?? alerts[0]!;
    return { due, held };
  }
  const low = Math.min(...known.map(({ due }) => (due.is === "absent" ? Infinity : due.low)));
  const { due } = first;
  return { due: due.is === "absent" ? due : { ...due, low }, held: first.held };
}

const orderOf = ({ due }: BurnAlert): number => (due.is === "value" ? due.value : Infinity);

/** From the effect to the first reading that fires, since the one before it. */
function firedOf(readings: readonly Sample[], fromUs: Us): Measured<"ms"> {
  const sorted = [...readings].sort((a, b) => a.atUs - b.atUs || a.value - b.value);
  const after = sorted.filter(({ atUs }) => atUs > fromUs);
  const last = sorted.findLast(({ atUs }) => atUs <= fromUs);
  if (last && last.value > 0) return absent("ms", "it fired before this fault");
  const nth = after.findIndex((one) => one.value > 0);
  const since = (sample: Sample | undefined): Ms => ((sample?.atUs ?? fromUs) - fromUs) / 1_000;
  if (after.length === 0) return absent("ms", "nobody looked at it after the fault");
  if (nth === -1) return beyond("ms", since(after.at(-1)), after.length);
  const at = since(after[nth]);
  return value("ms", { value: at, low: since(after[nth - 1]), high: at, n: after.length });
}
