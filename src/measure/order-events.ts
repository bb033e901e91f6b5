import { PHASES, STAMP_SLACK_US, type Event } from "../model/event.ts";
import { at, numberAt, stableText } from "../model/json.ts";
import type { Plan } from "../model/plan.ts";
import type { Us } from "../model/quantity.ts";
import { checkSteps } from "./check-steps.ts";
import { Problems } from "./problems.ts";

/** In order, and looked at: what cannot have come like this is a problem. */
export function orderEvents(
  events: readonly Event[],
  plan: Plan,
  problems: Problems,
): readonly Event[] {
  const ordered = inOrder(events, problems);
  checkTimes(ordered, problems);
  for (const event of ordered) {
    if (event.type === "damage" && !plan.accepts.includes(event.accept)) {
      problems.add(`events: damage event: the plan does not accept ${event.accept}`);
    }
  }
  checkSteps(ordered, plan, problems);
  return ordered;
}

/**
 * Those that can be read, by time; events of the same microsecond by their text, so that lines may
 * come in any order.
 */
export function inOrder(events: readonly Event[], problems = new Problems()): readonly Event[] {
  const known = new Map<string, Event>();
  for (const event of events) {
    const wrong = problemOf(event);
    if (wrong !== null) {
      problems.add(`events: ${wrong}`);
      continue;
    }
    const text = stableText(event);
    if (known.has(text)) problems.add(`events: the same line twice, of type ${event.type}`);
    known.set(text, event);
  }
  return [...known]
    .sort(
      ([a, one], [b, other]) =>
        one.atUs - other.atUs || order(one) - order(other) || (a < b ? -1 : 1),
    )
    .map(([, event]) => event);
}

/** What an event tells of came before it was told. */
function checkTimes(events: readonly Event[], problems: Problems): void {
  const endedUs =
    events.find((event) => event.type === "phase" && event.phase === "end")?.atUs ?? Infinity;
  for (const event of events) {
    const { atUs } = event;
    if (event.type === "cluster" && event.notBeforeUs > atUs) {
      problems.add("events: cluster event: notBeforeUs must not be after atUs");
    }
    if (event.type !== "fault") {
      // `ninety heal` may heal, and tell of errors, when the run is long over.
      if (event.type !== "error" && atUs > endedUs) {
        problems.add(`events: ${event.type} event: it must not come after the run's end`);
      }
      continue;
    }
    const { edge } = event;
    const toldUs =
      edge === "inject-begin" ? event.lateUs : "lookedUs" in event ? event.lookedUs : 0;
    if ("lookedUs" in event && atUs > endedUs) {
      problems.add(`events: ${edge} event: it must not come after the run's end`);
    }
    if (toldUs > atUs) problems.add(`events: ${edge} event: it must not tell of a time after atUs`);
    if (edge === "inject-end" && event.stampUs > atUs + STAMP_SLACK_US) {
      problems.add("events: inject-end event: stampUs must not be after its end");
    }
  }
}

const EDGES = ["inject-begin", "inject-end", "proved", "heal-begin", "heal-end", "heal-proved"];

/** A tie goes the way it must have gone. */
function order(event: Event): number {
  if (event.type === "phase") return PHASES.indexOf(event.phase);
  if (event.type === "fault") return PHASES.length + 1 + EDGES.indexOf(event.edge);
  return PHASES.length;
}

function isTime(value: unknown): value is Us {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

function problemOf(event: Event): string | null {
  if (typeof event !== "object" || event === null) return "a line that is not an object";
  if (!isTime(event.atUs)) return "a line whose atUs is not a time";
  switch (event.type) {
    case "phase":
      return PHASES.includes(event.phase) ? null : "an unknown phase";
    case "fault":
      return faultProblem(event);
    case "cluster":
      if (!isTime(event.notBeforeUs)) return "a cluster event whose notBeforeUs is not a time";
      return typeof event.object === "string" ? null : "a cluster event without object";
    case "prediction":
      if (!Array.isArray(event.segments)) return "a prediction without segments";
      return event.segments.every(isForetold) ? null : "a prediction of less than no time";
    case "damage":
      return isDamage(event) ? null : "an incomplete damage event";
    case "error":
      return null;
    default:
      return "a line of unknown type";
  }
}

function isForetold(segment: unknown): boolean {
  const lowMs = numberAt(segment, "took", "low") ?? 0;
  const valueMs = numberAt(segment, "took", "value") ?? lowMs;
  const highMs = numberAt(segment, "took", "high") ?? valueMs;
  const fromMs = numberAt(segment, "cause", "predicted", "lowMs") ?? 0;
  const toMs = numberAt(segment, "cause", "predicted", "highMs") ?? fromMs;
  return lowMs >= 0 && valueMs >= lowMs && highMs >= valueMs && toMs >= fromMs && fromMs >= 0;
}

function isDamage(event: Event & { readonly type: "damage" }): boolean {
  const { accept, id, what, observed, rule } = event;
  return (
    [accept, id, what, rule].every((text) => typeof text === "string") &&
    Number.isFinite(observed) &&
    typeof event.limit === "object" &&
    event.limit !== null
  );
}

function faultProblem(event: Event & { readonly type: "fault" }): string | null {
  if (typeof event.id !== "string") return "a fault event without id";
  switch (event.edge) {
    case "inject-begin":
      return Array.isArray(event.targets) && isTime(event.lateUs)
        ? null
        : "an incomplete inject-begin";
    case "inject-end":
      return isTime(event.stampUs) ? null : "an inject-end whose stampUs is not a time";
    case "proved":
    case "unproved":
    case "heal-proved":
    case "heal-unproved":
      if (at(event, "evidence", "effect") === undefined) return `a ${event.edge} without evidence`;
      return isTime(event.lookedUs) ? null : `a ${event.edge} whose lookedUs is not a time`;
    case "heal-begin":
    case "heal-end":
    case "lapsed":
    case "inject-failed":
    case "heal-failed":
      return null;
    default:
      return "a fault event of unknown edge";
  }
}
