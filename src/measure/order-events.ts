import type { Event } from "../model/event.ts";
import { eventProblem, PHASES } from "../model/event-shape.ts";
import { stableText } from "../model/json.ts";
import type { Plan } from "../model/plan.ts";
import type { Problems } from "../model/problems.ts";
import { checkSteps, STAMP_SLACK_US } from "./check-steps.ts";

/**
 * By time; events of the same microsecond by their text, so that their lines may come in any order.
 */
export function orderEvents(
  events: readonly Event[],
  plan: Plan,
  problems: Problems,
): readonly Event[] {
  const known = new Map<string, Event>();
  for (const event of events) {
    const wrong = eventProblem(event);
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
  checkTimes(ordered, problems);
  for (const event of ordered) {
    if (event.type === "damage" && !plan.accepts.includes(event.accept)) {
      problems.add(`events: damage event: the plan does not accept ${event.accept}`);
    }
  }
  checkSteps(ordered, plan, problems);
  return ordered;
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
