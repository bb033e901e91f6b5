import type { Event, Phase } from "../model/event.ts";
import type { Rps, Us } from "../model/quantity.ts";
import type { Problems } from "./problems.ts";

export interface Span {
  readonly phase: Phase;
  readonly fromUs: Us;
  /** Start of the next phase; of the last one its own start. */
  readonly untilUs: Us;
}

const JUDGED: readonly Phase[] = ["steady", "faults", "observe", "teardown", "end"];

/**
 * The phases as they were gone through. A phase that a judgement needs and that is missing is told.
 */
export function phaseSpans(events: readonly Event[], problems: Problems): readonly Span[] {
  const starts = events.filter((event) => event.type === "phase");
  for (const phase of JUDGED) {
    const count = starts.filter((start) => start.phase === phase).length;
    if (count === 0) problems.add(`events: phase ${phase} is missing`);
    // A steady phase that was no good may be tried again.
    if (count > 1 && phase !== "steady") problems.add(`events: phase ${phase} begins twice`);
  }
  const judged = starts.map(({ phase }) => JUDGED.indexOf(phase)).filter((rank) => rank >= 0);
  if (judged.some((rank, i) => i > 0 && rank < judged[i - 1]!)) {
    problems.add("events: the phases are out of order");
  }
  return starts.map(({ phase, atUs }, i) => ({
    phase,
    fromUs: atUs,
    untilUs: starts[i + 1]?.atUs ?? atUs,
  }));
}

/** The last span of a phase, or null where it was not reached. */
export function spanOf(spans: readonly Span[], phase: Phase): Span | null {
  return spans.findLast((span) => span.phase === phase) ?? null;
}

/** The load may be quiet for this long before teardown is told: what is in flight ends first. */
const STOPPING_MAX_US = 30_000_000;

/**
 * When observation ended: at teardown, or at the last tick of the load where that was stopped
 * shortly before. A load that was quiet for longer was not stopped by the runner: nothing is taken
 * off.
 */
export function observedUntil(
  spans: readonly Span[],
  events: readonly Event[],
  of: { readonly lastTickUs: Us; readonly rateRps: Rps },
): Us {
  const endUs = spanOf(spans, "teardown")?.fromUs ?? events.at(-1)?.atUs ?? 0;
  const tickedUntilUs = Math.round(of.lastTickUs + 1_000_000 / of.rateRps);
  return endUs - tickedUntilUs > STOPPING_MAX_US ? endUs : Math.min(endUs, tickedUntilUs);
}
