import { STAMP_SLACK_US, type Event, type Phase } from "../model/event.ts";
import { at, stableText } from "../model/json.ts";
import type { Us } from "../model/quantity.ts";
import type { Problems } from "./problems.ts";

/**
 * By time; events of the same microsecond by their text, so that their lines may come in any order.
 */
export function orderEvents(events: readonly Event[], problems: Problems): readonly Event[] {
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
  const ordered = [...known]
    .sort(
      ([a, one], [b, other]) =>
        one.atUs - other.atUs || order(one) - order(other) || (a < b ? -1 : 1),
    )
    .map(([, event]) => event);
  checkStamps(ordered, problems);
  return ordered;
}

/** An effect cannot have been there before it was asked for. */
function checkStamps(events: readonly Event[], problems: Problems): void {
  const askedUs = new Map<string, Us>();
  for (const event of events) {
    if (event.type !== "fault") continue;
    if (event.edge === "inject-begin") askedUs.set(event.id, event.atUs);
    if (event.edge !== "inject-end") continue;
    const sinceUs = askedUs.get(event.id);
    if (sinceUs === undefined || event.stampUs < sinceUs - STAMP_SLACK_US) {
      problems.add(`events: ${event.id} has a stamp from before it was asked for`);
    }
  }
}

const PHASES: readonly Phase[] = [
  "preflight",
  "deploy",
  "warmup",
  "steady",
  "faults",
  "observe",
  "teardown",
  "end",
];
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
      if (!isTime(event.notBeforeUs) || event.notBeforeUs > event.atUs) {
        return "a cluster event whose notBeforeUs is not a time before atUs";
      }
      return typeof event.object === "string" ? null : "a cluster event without object";
    case "prediction":
      return Array.isArray(event.segments) ? null : "a prediction without segments";
    case "damage":
      return isDamage(event) ? null : "an incomplete damage event";
    case "error":
      return null;
    default:
      return "a line of unknown type";
  }
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
    case "inject-end": {
      const known = isTime(event.stampUs) && event.stampUs <= event.atUs + STAMP_SLACK_US;
      return known ? null : "an inject-end whose stampUs is not a time before its end";
    }
    case "proved":
    case "unproved":
    case "heal-proved":
    case "heal-unproved":
      return at(event, "evidence", "effect") === undefined
        ? `a ${event.edge} without evidence`
        : null;
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
