import { messageOf } from "../model/error.ts";
import type { EventBody } from "../model/event.ts";
import type { KubeObject } from "../model/json.ts";
import { isClusterScoped } from "../model/scope.ts";
import { LEFTOVER, SWEEP_FAILED } from "../measure/leftovers.ts";
import type { Api } from "../ports/api.ts";
import type { Clock } from "../ports/clock.ts";
import { bounded } from "./crew.ts";
import { objectName, objectPath, removeCommand } from "./kube-path.ts";
import { markedChange, readMarks, UNDO_ALL } from "./marks.ts";
import type { Holders } from "./run-system.ts";
import { labelled } from "./sweep.ts";

const SWEEP_MAX_MS = 20_000;
const REMOVE_MAX_MS = 90_000;
const POLL_MS = 1_000;
const LEFTOVERS_TOLD_MAX = 50;

/** Something of ours that is still there, and the command that takes it away. */
export interface Leftover {
  readonly object: string;
  readonly remove: string;
}

/** The events that tell of them; nothing may be left behind unsaid. */
export function leftoverEvents(left: readonly Leftover[]): readonly EventBody[] {
  return left
    .slice(0, LEFTOVERS_TOLD_MAX)
    .map((one) => ({ type: "error", code: LEFTOVER, message: JSON.stringify(one) }));
}

interface Sweeping {
  readonly clock: Clock;
  readonly run: string;
  readonly holders: Holders;
  readonly signal: AbortSignal;
}

/** Looks for effects of the run and for what they left, apart: one that fails hides no other. */
export function sweepsForEffects(
  api: Api,
  of: Sweeping,
): readonly (() => Promise<readonly Leftover[]>)[] {
  return [() => sweepEffects(of.holders, of), () => sweepMarks(api, of)];
}

/** Effects of the run that someone still holds. Throws when it could not look. */
async function sweepEffects(
  holders: Holders,
  of: { readonly clock: Clock; readonly run: string; readonly signal: AbortSignal },
): Promise<readonly Leftover[]> {
  const bound = { what: "sweep for effects", forMs: SWEEP_MAX_MS, parent: of.signal };
  const held = await bounded(of.clock, bound, (signal) => holders.list(signal));
  return held
    .map((now) => now.held)
    .filter(({ id }) => id.startsWith(`${of.run}/`))
    .map(({ id, effect }) => ({ object: `effect ${id} ${effect.kind}`, remove: "ninety heal" }));
}

/** Changes of the run on objects that nobody holds any more. Throws when it could not look. */
export async function sweepMarks(api: Api, of: Sweeping): Promise<readonly Leftover[]> {
  const bound = { what: "sweep for marks", forMs: SWEEP_MAX_MS, parent: of.signal };
  const marks = await bounded(of.clock, bound, (signal) => readMarks(api, signal));
  const own = marks.filter(({ id }) => id.startsWith(`${of.run}/`));
  if (own.length === 0) return [];
  // Who cannot say what it holds is told by the sweep for effects.
  const list = { ...bound, what: "list of held effects" };
  const held = await bounded(of.clock, list, (signal) => of.holders.list(signal)).catch(() => []);
  const ids = new Set(held.map((now) => now.held.id));
  return own
    .filter(({ id }) => !ids.has(id))
    .map((mark) => ({ object: `${markedChange(mark)} by effect ${mark.id}`, remove: UNDO_ALL }));
}

/**
 * Takes away all that the run applied: its namespaces with what is in them, then what has none.
 * Resolves with what is still there when its time is over.
 */
export async function removeObjects(
  api: Api,
  of: {
    readonly clock: Clock;
    readonly run: string;
    readonly planned: readonly KubeObject[];
    readonly signal: AbortSignal;
  },
): Promise<readonly Leftover[]> {
  const { clock, signal } = of;
  const untilMs = clock.nowMs() + REMOVE_MAX_MS;
  for (;;) {
    const left = await labelled(api, of);
    if (left.length === 0) return [];
    if (clock.nowMs() >= untilMs) {
      return left.map((object) => ({ object: objectName(object), remove: removeCommand(object) }));
    }
    await removeRoots(api, left, signal);
    await clock.until(clock.nowMs() + POLL_MS, signal);
  }
}

/** What is in a namespace that goes, goes with it; what has an owner goes with that. */
async function removeRoots(
  api: Api,
  left: readonly KubeObject[],
  signal: AbortSignal,
): Promise<void> {
  const going = new Set(
    left.filter(({ kind }) => kind === "Namespace").map(({ metadata }) => metadata.name),
  );
  const roots = left.filter((object) => {
    const { namespace = "", ...metadata } = object.metadata;
    const fields = metadata as { ownerReferences?: unknown; deletionTimestamp?: unknown };
    if (fields.deletionTimestamp !== undefined) return false;
    if (isClusterScoped(object)) return true;
    return !going.has(namespace) && fields.ownerReferences === undefined;
  });
  await Promise.all(
    roots.map(async (object) =>
      api.call({ method: "DELETE", path: objectPath(object) }, signal).catch(() => {
        // Told as a leftover, should it still be there at the end.
      }),
    ),
  );
}

/** What went wrong while clearing up, as an event: nothing may stop the rest of it. */
export function sweepFailed(error: unknown): EventBody {
  return { type: "error", code: SWEEP_FAILED, message: messageOf(error) };
}
