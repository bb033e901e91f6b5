import type { Event } from "../model/event.ts";
import { textAt } from "../model/json.ts";
import type { Measurement } from "../model/measurement.ts";
import { spanOf, type Span } from "./phases.ts";

/** Code of the error event that tells of something left behind; its message is the JSON of it. */
export const LEFTOVER = "leftover";
/** Code of the error event of a sweep that could not look. */
export const SWEEP_FAILED = "sweep-failed";

/** Null: nobody looked, because the run did not reach its end or the sweep failed. */
export function leftoversOf(
  events: readonly Event[],
  spans: readonly Span[],
): Measurement["leftovers"] {
  const errors = events.filter((event) => event.type === "error");
  const found = errors.filter(({ code }) => code === LEFTOVER).map(({ message }) => parse(message));
  const looked = spanOf(spans, "end") !== null && !errors.some(({ code }) => code === SWEEP_FAILED);
  return looked || found.length > 0 ? found : null;
}

/** Of a message that another program wrote in its own words, all is the object. */
function parse(message: string): { readonly object: string; readonly remove: string } {
  try {
    const told: unknown = JSON.parse(message);
    if (textAt(told, "object") !== "") {
      return { object: textAt(told, "object"), remove: textAt(told, "remove") };
    }
  } catch {
    // Not JSON.
  }
  return { object: message, remove: "" };
}
