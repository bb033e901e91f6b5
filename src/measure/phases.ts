import { PHASES, type Event, type Phase } from "../model/event.ts";
import type { Plan } from "../model/plan.ts";
import type { Rps, Us } from "../model/quantity.ts";
import type { Problems } from "./problems.ts";

export interface Span {
  readonly phase: Phase;
  readonly fromUs: Us;
  /** Start of the next phase; of the last one its own start. */
  readonly untilUs: Us;
}

/** What is before them nothing is judged by: other tools need not tell it. */
const JUDGED: readonly Phase[] = ["steady", "faults", "observe", "teardown", "end"];
/** The runner's clock and the sleep it asked for may differ by this. */
const SLACK_US = 500_000;
/** No teardown takes so long. */
const TEARDOWN_MAX_US = 3_600_000_000;

/**
 * The phases as they were gone through. One that is missing, out of order or, where nothing ended
 * the run, shorter than planned is a problem; observation may end early. `own`: ninety ran it, and
 * goes through all of them.
 */
export function phaseSpans(
  events: readonly Event[],
  { plan, own }: { readonly plan: Plan; readonly own: boolean },
  problems: Problems,
): readonly Span[] {
  const starts = events.filter((event) => event.type === "phase");
  for (const phase of PHASES) {
    const count = starts.filter((start) => start.phase === phase).length;
    if (count === 0 && (own || JUDGED.includes(phase)))
      problems.add(`events: phase ${phase} is missing`);
    // A steady phase that was no good may be tried again.
    if (count > 1 && phase !== "steady") problems.add(`events: phase ${phase} begins twice`);
  }
  const ranks = starts.map(({ phase }) => PHASES.indexOf(phase));
  if (ranks.some((rank, i) => i > 0 && rank < ranks[i - 1]!)) {
    problems.add("events: the phases are out of order");
  }
  const spans = starts.map(({ phase, atUs }, i) => ({
    phase,
    fromUs: atUs,
    untilUs: starts[i + 1]?.atUs ?? atUs,
  }));
  if (!events.some(({ type }) => type === "error")) checkLengths(spans, plan, problems);
  return spans;
}

function checkLengths(spans: readonly Span[], plan: Plan, problems: Problems): void {
  for (const phase of ["warmup", "steady", "faults"] as const) {
    const leastUs = plan.phasesMs[phase] * 1_000 - SLACK_US;
    // One that was no good and was tried again was as long.
    const own = spans.filter((span) => span.phase === phase);
    if (own.some(({ fromUs, untilUs }) => untilUs - fromUs < leastUs)) {
      problems.add(`events: phase ${phase} is shorter than planned`);
    }
  }
  const teardown = spanOf(spans, "teardown");
  if (teardown && teardown.untilUs - teardown.fromUs > TEARDOWN_MAX_US) {
    problems.add("events: phase teardown is longer than an hour");
  }
}

/** The last span of a phase, or null where it was not reached. */
export function spanOf(spans: readonly Span[], phase: Phase): Span | null {
  return spans.findLast((span) => span.phase === phase) ?? null;
}

/** Nothing that was measured in a run is later than its end; Infinity: it did not reach it. */
export function endUs(spans: readonly Span[]): Us {
  return spanOf(spans, "end")?.fromUs ?? Infinity;
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
