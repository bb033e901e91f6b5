import type { Event } from "../model/event.ts";
import { absent, beyond, value, type Measured } from "../model/measured.ts";
import type { Segment } from "../model/measurement.ts";
import type { Us } from "../model/quantity.ts";
import type { Instant } from "./change-point.ts";
import { clearedOf, type Group } from "./group.ts";
import type { LaneCourse } from "./lanes.ts";
import type { Mark } from "./milestones.ts";

type Cause = Segment["cause"];

/** How much longer an inject may take than another one, from its planned time on. */
const LATE_MS = 5_000;

/**
 * What was predicted before the injects of a group: edges between clocks; the last word on each
 * counts. The group's effect is its first; that of a later step is a clock of its own, `inj:<id>`,
 * which the plan leads to. Only the end that came last is the group's `clr`.
 */
export function predictedEdges(events: readonly Event[], group: Group): readonly Segment[] {
  const edges = new Map<string, Segment>();
  const add = (edge: Segment): void => void edges.set(`${edge.from}>${edge.to}`, edge);
  const [first] = byInject(group);
  const cleared = clearedOf(group);
  for (const event of events) {
    if (event.type !== "prediction") continue;
    const step = group.steps.find(({ id }) => id === event.id);
    if (event.id !== undefined && !step) continue;
    const isLater = step !== undefined && step !== first;
    for (const edge of event.segments) {
      if (edge.to === "clr" && step && step.clr?.atUs !== cleared?.atUs) continue;
      add(isLater && edge.from === "inj" ? { ...edge, from: `inj:${step.id}` } : edge);
    }
  }
  for (const { step } of edges.size > 0 ? byInject(group).slice(1) : []) {
    const afterMs = step.injectMs - first!.step.injectMs;
    const predicted = { lowMs: Math.max(0, afterMs - LATE_MS), highMs: afterMs + LATE_MS };
    const cause = { object: `step ${step.id}`, setting: "at", value: step.injectMs, predicted };
    const took = absent("ms", "predicted before it happened");
    add({ from: "inj", to: `inj:${step.id}`, took, cause });
  }
  return [...edges.values()];
}

/** When the effects after a group's first took hold. */
export function laterInjects(group: Group): readonly Mark[] {
  return byInject(group)
    .slice(1)
    .map(({ id, inj }) => [
      `inj:${id}`,
      { atUs: inj!.stampUs, lowUs: inj!.lowUs, highUs: inj!.stampUs },
    ]);
}

const byInject = ({ steps }: Group): Group["steps"] =>
  steps.filter(({ inj }) => inj !== null).sort((a, b) => a.inj!.stampUs - b.inj!.stampUs);

/**
 * The time from the effect to the end of a lane. Backwards from the end it follows the predicted
 * edge that began last: what everything else was waiting for. Where none leads on, the time back to
 * the last clock that was foreseen has no cause, and where there is no such clock, it is cut at all
 * clocks in between. A lane that is not back ends beyond, with the cause of what was due next.
 */
export function waterfallOf(of: {
  readonly effect: Instant;
  /** Clocks of all kinds. */
  readonly between: readonly Mark[];
  /** Of pods: cut at only where something was predicted of them. */
  readonly milestones: readonly Mark[];
  readonly course: LaneCourse;
  readonly last: "rec" | "full";
  readonly untilUs: Us;
  readonly edges: readonly Segment[];
}): readonly Segment[] {
  const { effect, course, last, untilUs, edges } = of;
  if (course.lane.class === "INVALID" || course.lane.class === "MASKED") return [];
  const endUs = course.back?.atUs ?? untilUs;
  const inside = ([, { atUs }]: Mark): boolean => atUs >= effect.atUs && atUs <= endUs;
  const start: Mark = ["inj", effect];
  const clocks = [start, ...of.between.filter(inside).sort(byTime)];
  const all = [start, ...[...of.between, ...of.milestones].filter(inside).sort(byTime)];
  const way = { clocks, all, edges };
  if (course.back) return backwards([last, course.back], way);
  const [begun, cause] = due(way, last);
  const [from, since] = begun;
  const took = beyond("ms", Math.max(0, untilUs - since.highUs) / 1_000, 1);
  return [...backwards(begun, way), { from, to: last, took, cause }];
}

const byTime = ([a, one]: Mark, [b, other]: Mark): number =>
  one.atUs - other.atUs || (a < b ? -1 : 1);

interface Way {
  readonly clocks: readonly Mark[];
  readonly all: readonly Mark[];
  readonly edges: readonly Segment[];
}

/** The edge into `to` that began last. */
function edgeInto([to, end]: Mark, { all, edges }: Way): readonly [Mark, Cause] | null {
  const froms = new Map(edges.filter((edge) => edge.to === to).map((edge) => [edge.from, edge]));
  const from = all.findLast(
    ([name, when]) => name !== to && froms.has(name) && when.atUs <= end.atUs,
  );
  return from ? [from, froms.get(from[0])!.cause] : null;
}

/** Segments from the effect to a mark. */
function backwards(end: Mark, way: Way): readonly Segment[] {
  const segments: Segment[] = [];
  let here = end;
  // Each mark is met once: edges lead back in time, or among marks of one instant.
  for (let left = way.all.length + 1; here[0] !== "inj" && left > 0; left -= 1) {
    const into = edgeInto(here, way) ?? foreseen(here, way);
    if (!into) return [...cut(here, way), ...segments];
    const [from, cause] = into;
    segments.unshift(segment(from, here, cause));
    here = from;
  }
  return segments;
}

/** The last mark before it into which an edge leads; what is between the two has no cause. */
function foreseen(here: Mark, way: Way): readonly [Mark, null] | null {
  const before = way.all.filter(([name, { atUs }]) => name !== "inj" && atUs < here[1].atUs);
  const mark = before.findLast((one) => edgeInto(one, way) !== null);
  return mark ? [mark, null] : null;
}

/** At all clocks, and no cause. */
function cut(end: Mark, { clocks }: Way): readonly Segment[] {
  const before = clocks.filter(
    ([name, { atUs }]) => name === "inj" || (name !== end[0] && atUs <= end[1].atUs),
  );
  const marks = [...before, end];
  return marks.slice(1).map((to, i) => segment(marks[i]!, to, null));
}

/** Of a lane that is not back: what was begun last and is due, or the last clock of all. */
function due({ clocks, all, edges }: Way, last: string): readonly [Mark, Cause] {
  const seen = new Set(all.map(([name]) => name));
  const open = edges.filter(({ to }) => !seen.has(to) && leadsTo(last, to, edges));
  const begun = all.findLast(([name]) => open.some(({ from }) => from === name));
  if (!begun) return [clocks.at(-1)!, null];
  return [begun, open.find(({ from }) => from === begun[0])!.cause];
}

function leadsTo(last: string, from: string, edges: readonly Segment[]): boolean {
  const reached = new Set([from]);
  for (const name of reached) {
    for (const edge of edges) if (edge.from === name) reached.add(edge.to);
  }
  return reached.has(last);
}

function segment([from, start]: Mark, [to, end]: Mark, cause: Cause): Segment {
  return { from, to, took: between(start, end), cause };
}

function between(start: Instant, end: Instant): Measured<"ms"> {
  return value("ms", {
    value: Math.max(0, end.atUs - start.atUs) / 1_000,
    low: Math.max(0, end.lowUs - start.highUs) / 1_000,
    high: Math.max(0, end.highUs - start.lowUs) / 1_000,
    n: 1,
  });
}
