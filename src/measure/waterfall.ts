import type { Event } from "../model/event.ts";
import { beyond, value, type Measured } from "../model/measured.ts";
import type { Segment } from "../model/measurement.ts";
import type { Instant } from "./change-point.ts";
import type { LaneCourse } from "./lanes.ts";

type Cause = Segment["cause"];

/** Causes that were predicted before inject, by `from>to`. */
export function predictedCauses(events: readonly Event[]): ReadonlyMap<string, Cause> {
  const causes = new Map<string, Cause>();
  for (const event of events) {
    if (event.type !== "prediction") continue;
    for (const { from, to, cause } of event.segments) causes.set(`${from}>${to}`, cause);
  }
  return causes;
}

/**
 * The time from the effect to the end of a lane, cut at the clocks in between. A segment has a
 * cause only where one was predicted between these very clocks. A lane that is not back ends
 * beyond.
 */
export function waterfallOf(of: {
  readonly effect: Instant;
  readonly between: readonly (readonly [string, Instant])[];
  readonly course: LaneCourse;
  readonly last: "rec" | "full";
  readonly untilUs: number;
  readonly causes: ReadonlyMap<string, Cause>;
}): readonly Segment[] {
  const { effect, course, last, untilUs, causes } = of;
  if (course.lane.class === "INVALID" || course.lane.class === "MASKED") return [];
  const endUs = course.back?.atUs ?? untilUs;
  const marks: (readonly [string, Instant])[] = [["inj", effect]];
  const inside = of.between.filter(([, { atUs }]) => atUs >= effect.atUs && atUs <= endUs);
  marks.push(
    ...[...inside].sort(([a, one], [b, other]) => one.atUs - other.atUs || (a < b ? -1 : 1)),
  );
  if (course.back) marks.push([last, course.back]);
  const segments = marks.slice(1).map(([to, end], i): Segment => {
    const [from, start] = marks[i]!;
    return { from, to, took: between(start, end), cause: causes.get(`${from}>${to}`) ?? null };
  });
  if (course.back) return segments;
  const [from, start] = marks.at(-1)!;
  const took = beyond("ms", Math.max(0, untilUs - start.highUs) / 1_000, 1);
  return [...segments, { from, to: last, took, cause: causes.get(`${from}>${last}`) ?? null }];
}

function between(start: Instant, end: Instant): Measured<"ms"> {
  return value("ms", {
    value: Math.max(0, end.atUs - start.atUs) / 1_000,
    low: Math.max(0, end.lowUs - start.highUs) / 1_000,
    high: Math.max(0, end.highUs - start.lowUs) / 1_000,
    n: 1,
  });
}
