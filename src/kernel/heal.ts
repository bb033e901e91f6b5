import type { Held } from "../model/effect.ts";
import { happensOnce } from "../model/effect-facts.ts";
import { messageOf } from "../model/error.ts";
import type { Event, EventBody } from "../model/event.ts";
import type { StepId } from "../model/plan.ts";
import { bounded, within } from "./crew.ts";
import type { Healing } from "./run-system.ts";

const HEAL_MAX_MS = 30_000;
const WRITE_MAX_MS = 5_000;

/** A step that was begun and not ended, with all that may be held for it. */
export interface OpenStep {
  readonly id: StepId;
  readonly held: readonly Held[];
}

/** The log is the undo stack: begun and not ended, last first. What happens once is not undone. */
export function openSteps(events: readonly Event[]): readonly OpenStep[] {
  const open = new Map<StepId, readonly Held[]>();
  for (const event of events) {
    if (event.type !== "fault") continue;
    if (event.edge === "heal-end") open.delete(event.id);
    if (event.edge !== "inject-begin") continue;
    const held = event.effects.filter(({ effect }) => !happensOnce(effect));
    if (held.length > 0) open.set(event.id, [...(open.get(event.id) ?? []), ...held]);
  }
  return [...open].map(([id, held]) => ({ id, held })).reverse();
}

/** Heals what these events leave open, last first: at the end of a run, or in a fresh process. */
export async function healRun(
  events: readonly Event[],
  system: Healing,
): Promise<readonly StepId[]> {
  const unhealed: StepId[] = [];
  for (const open of openSteps(events)) {
    if (!(await heal(open, system))) unhealed.push(open.id);
  }
  return unhealed;
}

/** Idempotent and never throws; false: still held, and its lease will have to end it. */
export async function heal({ id, held }: OpenStep, system: Healing): Promise<boolean> {
  await note(system, { type: "fault", id, edge: "heal-begin" });
  // Its own time, never the run's; each effect's own, so that one failure keeps no other.
  const bound = { what: `heal of ${id}`, forMs: HEAL_MAX_MS };
  const stops = await Promise.allSettled(
    held.map((one) => bounded(system.clock, bound, (signal) => system.holders.stop(one, signal))),
  );
  const failed = stops.flatMap((stop) => (stop.status === "rejected" ? [stop.reason] : []));
  const message = failed.map(messageOf).join("; ");
  if (failed.length === 0) await note(system, { type: "fault", id, edge: "heal-end" });
  else await note(system, { type: "fault", id, edge: "heal-failed", message });
  return failed.length === 0;
}

/** On disk when it resolves; throws when the disk is full, hangs, or the run is over. */
export async function append(
  { clock, log }: Pick<Healing, "clock" | "log">,
  body: EventBody,
  parent: AbortSignal,
): Promise<void> {
  const bound = { what: "writing the record", forMs: WRITE_MAX_MS, parent };
  await bounded(clock, bound, () => log.append(body));
}

/** As append, where a full or hung disk must not stand in the way. */
export async function note(
  { clock, log }: Pick<Healing, "clock" | "log">,
  body: EventBody,
): Promise<void> {
  await within(clock.deadline(WRITE_MAX_MS), log.append(body)).catch(() => {});
}
