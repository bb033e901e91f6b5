import { happensOnce } from "../model/effect-facts.ts";
import { messageOf } from "../model/error.ts";
import type { Phase } from "../model/event.ts";
import type { Plan, PlannedStep, StepId } from "../model/plan.ts";
import type { Ms } from "../model/quantity.ts";
import type { Target } from "../model/target.ts";
import { agenda } from "./agenda.ts";
import { beat, type Book } from "./beat.ts";
import { bounded, errorEvent, type Crew } from "./crew.ts";
import { append, heal, healRun, note, openSteps } from "./heal.ts";
import type { System } from "./run-system.ts";

/** Builds may run in it. */
const PREFLIGHT_MAX_MS = 30 * 60_000;
const DEPLOY_MAX_MS = 5 * 60_000;
/** The load's generator may have to be built. */
const WATCH_MAX_MS = 15 * 60_000;
const INJECT_MAX_MS = 10_000;
const CREW_END_MAX_MS = 90_000;
const TEARDOWN_MAX_MS = 3 * 60_000;

export interface RunEnd {
  /** Still disturbed; told by the holders, not by the log: a full disk hides no exit 5. */
  readonly unhealed: readonly StepId[];
  /** What ended the run before its time, and in which phase; null: it went to its end. */
  readonly failure: { readonly error: unknown; readonly phase: Phase } | null;
}

/** The loop: effects happen here and nowhere else, and each is on the log before it happens. */
export async function run(plan: Plan, system: System, crew: Crew): Promise<RunEnd> {
  const { clock, log } = system;
  const book: Book = { live: new Map(), asked: new Set() };
  let failure: RunEnd["failure"] = null;
  let unhealed: readonly StepId[] = [];
  let phase: Phase = "preflight";
  const enter = async (next: Phase): Promise<void> => {
    phase = next;
    await append(system, { type: "phase", phase }, crew.signal);
  };
  const within = (forMs: Ms, work: (signal: AbortSignal) => Promise<void>): Promise<void> =>
    bounded(clock, { what: phase, forMs, parent: crew.signal }, work);
  const stay = (forMs: Ms): Promise<void> => clock.until(clock.nowMs() + forMs, crew.signal);
  try {
    await log.write("plan.json", plan); // before anything is touched
    await enter("preflight");
    await within(PREFLIGHT_MAX_MS, (signal) => system.preflight(plan, signal));
    await enter("deploy");
    await within(DEPLOY_MAX_MS, (signal) => system.deploy(plan, signal));
    await within(WATCH_MAX_MS, (signal) => system.watch(plan, crew, signal));
    crew.spawn((signal) => beat(system, book, signal));
    await enter("warmup");
    await stay(plan.phasesMs.warmup);
    await enter("steady");
    await stay(plan.phasesMs.steady);
    await enter("faults");
    await disturb(plan, system, crew, book);
    await enter("observe");
    await system.settled(plan, clock.deadline(plan.phasesMs.observe, crew.signal));
    crew.signal.throwIfAborted();
  } catch (error) {
    failure = { error: crew.signal.aborted ? crew.signal.reason : error, phase };
    await note(system, errorEvent(failure.error));
  } finally {
    for (const { id } of plan.steps) book.asked.add(id);
    unhealed = await healRun(log.events(), system); // last first; never throws
    await crew.end(CREW_END_MAX_MS);
    await note(system, { type: "phase", phase: "teardown" });
    const teardown = { what: "teardown", forMs: TEARDOWN_MAX_MS };
    await bounded(clock, teardown, (signal) => system.remove(plan, signal)).catch(
      (error: unknown) =>
        note(system, { type: "error", code: "teardown", message: messageOf(error) }),
    );
    await note(system, { type: "phase", phase: "end" });
  }
  return { unhealed, failure };
}

/** Phase `faults`: one edge after the other, and the replacements of targets in between. */
async function disturb(plan: Plan, system: System, crew: Crew, book: Book): Promise<void> {
  const { clock, log } = system;
  const startMs = clock.nowMs();
  for (const { atMs, does, step } of agenda(plan, startMs)) {
    for (let more; (more = await system.replaced(atMs, crew.signal));) {
      const now = { dueMs: clock.nowMs(), startMs };
      await inject(more.step, now, { system, crew, book }, more.targets);
    }
    if (does === "inject") {
      await inject(step, { dueMs: atMs, startMs }, { system, crew, book });
      continue;
    }
    book.asked.add(step.id);
    const open = openSteps(log.events()).find(({ id }) => id === step.id);
    if (!open || !(await heal(open, system))) continue;
    crew.spawn((signal) => system.prove(step, "absent", signal));
  }
}

async function inject(
  step: PlannedStep,
  { dueMs, startMs }: { readonly dueMs: Ms; readonly startMs: Ms },
  { system, crew, book }: { system: System; crew: Crew; book: Book },
  targets?: readonly Target[],
): Promise<void> {
  const { id } = step;
  const { clock, holders } = system;
  const bound = { what: `inject of ${id}`, forMs: INJECT_MAX_MS, parent: crew.signal };
  // An exact count with the look before, or it throws and nothing is touched.
  const found = await bounded(clock, bound, (signal) => system.resolve(step, signal, targets));
  const lease = system.lease(step, Math.max(0, startMs + (step.healMs ?? 0) - clock.nowMs()));
  const lateUs = Math.max(0, Math.round((clock.nowMs() - dueMs) * 1_000));
  // Synced: from here on it will be healed, whatever becomes of us.
  await append(system, { type: "fault", id, edge: "inject-begin", ...found, lateUs }, crew.signal);
  const starts = await Promise.allSettled(
    found.effects.map(async (held) => {
      const stampUs = await bounded(clock, bound, (signal) => holders.start(held, lease, signal));
      const renewedMs = clock.nowMs();
      if (!happensOnce(held.effect)) book.live.set(held.id, { id, held, ...lease, renewedMs });
      return stampUs;
    }),
  );
  const failed = starts.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
  if (failed.length > 0) {
    const message = failed.map(messageOf).join("; ");
    await note(system, { type: "fault", id, edge: "inject-failed", message });
    throw new Error(`inject of ${id} failed: ${message}`);
  }
  const stamps = starts.map((one) => (one.status === "fulfilled" ? one.value : 0));
  const stampUs = Math.max(...stamps);
  await append(system, { type: "fault", id, edge: "inject-end", stampUs }, crew.signal);
  crew.spawn((signal) => system.prove(step, "present", signal));
}
