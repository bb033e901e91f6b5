import { absent, beyond, value } from "../model/measured.ts";
import type { Class, Lane } from "../model/measurement.ts";
import type { Us } from "../model/quantity.ts";
import { showMs } from "../model/quantity.ts";
import type { Capacity } from "./capacity.ts";
import type { Instant } from "./change-point.ts";
import type { Span } from "./ramp.ts";
import type { Course } from "./recovery.ts";

/** A lane before its waterfall, with the instants that it knows. */
export interface LaneCourse {
  readonly lane: Lane;
  /** When clients were first hurt; a lane of capacity has none. */
  readonly impact: Instant | null;
  /** When it was good again for good; null: it was not, or was never bad, or nobody knows. */
  readonly back: Instant | null;
}

/** What a lane is measured against. */
export interface Bounds {
  /** The first effect: stamp, and the last instant at which it was not there. */
  readonly effect: { readonly stampUs: Us; readonly lowUs: Us };
  readonly clearedUs: Us | null;
  /** End of observation, or of the episode. */
  readonly untilUs: Us;
  readonly holdUs: Us;
}

export function invalid(why: string): LaneCourse {
  const lane: Lane = { class: "INVALID", recovery: absent("ms", why), waterfall: [], note: why };
  return { lane, impact: null, back: null };
}

/** Fault cleared at least a hold before the end, and still bad. */
function notBack({ clearedUs, untilUs, holdUs }: Bounds): Class {
  return clearedUs !== null && untilUs - clearedUs >= holdUs ? "METASTABLE" : "UNRECOVERED";
}

/** From the effect: the interval has that of the effect in it. */
function since({ effect }: Bounds, back: Instant, n: number): Lane["recovery"] {
  return value("ms", {
    value: Math.max(0, back.atUs - effect.stampUs) / 1_000,
    low: Math.max(0, back.lowUs - effect.stampUs) / 1_000,
    high: Math.max(0, back.highUs - effect.lowUs) / 1_000,
    n,
  });
}

function atLeastSince({ effect }: Bounds, atUs: Us, n: number): Lane["recovery"] {
  return beyond("ms", Math.max(0, atUs - effect.stampUs) / 1_000, n);
}

/**
 * Service as one scenario saw it. `n`: requests that were judged. The upper end of a MASKED lane is
 * that of a full outage; a partial one can last longer unseen (at 10/s a third of the requests for
 * 5 s, under 95 %, one time in three).
 */
export function serviceLane(course: Course, bounds: Bounds, n: number): LaneCourse {
  if (course.is === "masked") {
    const high = course.unseenUs / 1_000;
    const recovery = value("ms", { value: 0, low: 0, high, n });
    const full = showMs(Math.round(high));
    const note = `no window breached; a full outage of less than ${full} is not seen, nor a longer partial one`;
    return { lane: { class: "MASKED", recovery, waterfall: [], note }, impact: null, back: null };
  }
  const { impact, recovered } = course;
  if (course.held) {
    const recovery = since(bounds, recovered, n);
    const lane: Lane = { class: "RECOVERED", recovery, ...shapeOf(course.ramp, n), waterfall: [] };
    return { lane, impact, back: recovered };
  }
  if (course.open) {
    const recovery = atLeastSince(bounds, bounds.untilUs, n);
    const note = "still bad at the end of observation";
    return { lane: { class: notBack(bounds), recovery, waterfall: [], note }, impact, back: null };
  }
  return { lane: notHeld(bounds, recovered, n), impact, back: null };
}

/** A ramp is said; a step is what one expects. */
function shapeOf(ramp: Span | null, n: number): Pick<Lane, "ramp" | "note"> {
  if (!ramp) return { note: "" };
  const [overMs, low, high] = [ramp.valueUs / 1_000, ramp.lowUs / 1_000, ramp.highUs / 1_000];
  if (high === Infinity) {
    return { ramp: beyond("ms", low, n), note: `ramp over at least ${showMs(Math.round(low))}` };
  }
  return {
    ramp: value("ms", { value: overMs, low, high, n }),
    note: `ramp over ${showMs(Math.round(overMs))}`,
  };
}

/** Good at the end, but not for long enough to be told from a pause. */
function notHeld(bounds: Bounds, back: Instant, n: number): Lane {
  const goodMs = (bounds.untilUs - back.atUs) / 1_000;
  return {
    class: "UNRECOVERED",
    recovery: atLeastSince(bounds, back.lowUs, n),
    waterfall: [],
    note: `good for ${showMs(goodMs)} at the end of observation, must be ${showMs(bounds.holdUs / 1_000)}`,
  };
}

/**
 * Capacity: from the effect until as many pods are effective-ready as are wanted, to the end of
 * observation and for at least the hold. Whether clients are well again, latency included, is the
 * other lane.
 */
export function capacityLane(capacity: Capacity, bounds: Bounds): LaneCourse {
  const { deficits, unseen } = capacity;
  const n = deficits.length;
  if (unseen.length > 0) return invalid(`no pod was seen of ${unseen.join(", ")}`);
  if (deficits[0]!.missing > 0) {
    return invalid(`${deficits[0]!.missing} pods were missing before the fault`);
  }
  if (n === 1) return neverShort(capacity, bounds);
  const last = deficits.at(-1)!;
  if (last.missing > 0) {
    const recovery = atLeastSince(bounds, bounds.untilUs, n);
    const note = `${last.missing} pods are missing at the end of observation`;
    const lane: Lane = { class: notBack(bounds), recovery, waterfall: [], note };
    return { lane, impact: null, back: null };
  }
  const back = { atUs: last.atUs, lowUs: last.notBeforeUs, highUs: last.atUs };
  if (bounds.untilUs - last.atUs < bounds.holdUs) {
    return { lane: notHeld(bounds, back, n), impact: null, back: null };
  }
  const recovery = since(bounds, back, n);
  return { lane: { class: "RECOVERED", recovery, waterfall: [], note: "" }, impact: null, back };
}

/** A dip inside a gap of the watch was not seen: it ended with the gap at the latest. */
function neverShort({ gaps }: Capacity, { effect, untilUs }: Bounds): LaneCourse {
  const last = Math.max(effect.lowUs, ...gaps.map((gap) => Math.min(gap.untilUs, untilUs)));
  const high = (last - effect.lowUs) / 1_000;
  const recovery = value("ms", { value: 0, low: 0, high, n: 1 });
  const note = gaps.length > 0 ? "the watch had gaps: a dip inside one was not seen" : "";
  return { lane: { class: "MASKED", recovery, waterfall: [], note }, impact: null, back: null };
}
