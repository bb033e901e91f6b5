// The program of every effect that is a change of one API object: it is undone from its mark there.
import { setTimeout as sleep } from "node:timers/promises";

import { messageOf } from "../model/error.ts";
import type { JsonObject } from "../model/json.ts";
import type { Ms } from "../model/quantity.ts";
import {
  holdPatch,
  markedName,
  markedPath,
  releasePatch,
  type MarkedEffect,
} from "../model/marked.ts";
import { NothingDone, type Until } from "./effect-program.ts";
import { askApi, getObject } from "./guard-api.ts";

/** Less than whoever asked for it waits. */
const WITHIN_MS = 8_000;
const PAUSE_MS = 50;
const CONFLICT = 409;

export async function apply(effect: MarkedEffect, { id }: Pick<Until, "id">): Promise<void> {
  const what = markedName(effect);
  let sent = false;
  try {
    await changed(effect, async (path, withinMs) => {
      const object = await getObject(path, withinMs);
      if (object === null) throw new NothingDone(`${what} must be there, got gone`);
      const hold = holdPatch(object, { id, effect });
      if (hold === "done") return null;
      if ("refused" in hold) throw new NothingDone(`${what} ${hold.refused}`);
      sent = true;
      return hold.patch;
    });
  } catch (error) {
    throw sent ? error : new NothingDone(messageOf(error), { cause: error });
  }
}

/** It is there until it is taken back: there is nothing to make longer. */
export async function extend(): Promise<void> {}

export async function undo(effect: MarkedEffect, id: string): Promise<void> {
  await changed(effect, async (path, withinMs) => {
    const object = await getObject(path, withinMs);
    return object === null ? null : releasePatch(object, { id, kind: effect.kind });
  });
}

/** Sends the patch for the object as it was read, again where somebody else was faster. */
async function changed(
  effect: MarkedEffect,
  patchOf: (path: string, withinMs: Ms) => Promise<JsonObject | null>,
): Promise<void> {
  const path = markedPath(effect);
  const what = `${effect.kind} of ${markedName(effect)}`;
  const untilMs = performance.now() + WITHIN_MS;
  for (;;) {
    const patch = await patchOf(path, untilMs - performance.now());
    if (patch === null) return;
    const withinMs = untilMs - performance.now();
    const { status, message } = await askApi({ method: "PATCH", path, body: patch, withinMs });
    if (status < 300) return;
    // Gone meanwhile: the next look tells what that means.
    if (status !== CONFLICT && status !== 404) {
      throw new Error(`${what}: must be accepted, got ${status}: ${message}`);
    }
    if (performance.now() + PAUSE_MS > untilMs) {
      throw new Error(`${what}: must be taken within ${WITHIN_MS} ms, got ${status}: ${message}`);
    }
    await sleep(PAUSE_MS);
  }
}
