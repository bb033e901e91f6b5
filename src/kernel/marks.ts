import { EXIT, NinetyError } from "../model/error.ts";
import { textAt, type Json } from "../model/json.ts";
import {
  MARKED_LISTS,
  markedName,
  markedPath,
  marksOn,
  releasePatch,
  type Mark,
} from "../model/marked.ts";
import type { Api } from "../ports/api.ts";

/** The command that undoes them all. */
export const UNDO_ALL = "ninety heal --all";
const TRIES_MAX = 20;
const SHOWN_MAX = 10;

/** What effects have left on nodes, pods and deployments, whoever holds them. Throws ApiError. */
export async function readMarks(api: Api, signal: AbortSignal): Promise<readonly Mark[]> {
  const lists = await Promise.all(MARKED_LISTS.map(async (path) => api.list(path, signal)));
  return lists.flat().flatMap(marksOn);
}

/** `cordon of node n1`. */
export function markedChange({ effect }: Mark): string {
  return `${effect.kind} of ${markedName(effect)}`;
}

/** Throws with the command that undoes what earlier runs have changed and not put back. */
export function refuseMarks(left: readonly Mark[]): void {
  if (left.length === 0) return;
  const shown = left.slice(0, SHOWN_MAX).map((one) => `${markedChange(one)} by effect ${one.id}`);
  throw new NinetyError(
    `the cluster must be clean, ${left.length} changes of other runs are there: ${shown.join(", ")}`,
    { exit: EXIT.preflight, hint: `if no other run goes on: ${UNDO_ALL}` },
  );
}

/**
 * Undoes a change from what it left on the object, without whoever held it. Idempotent; throws what
 * the API server said.
 */
export async function undoMark(api: Api, mark: Mark, signal: AbortSignal): Promise<void> {
  const path = markedPath(mark.effect);
  for (let tries = 1; ; tries += 1) {
    const object = await api.get(path, signal);
    const patch = object && releasePatch(object, { id: mark.id, kind: mark.effect.kind });
    if (patch === null) return;
    const { status, body } = await api.call({ method: "PATCH", path, body: patch }, signal);
    if (status < 300) return;
    // Somebody else was faster, or it is gone.
    if ((status === 409 || status === 404) && tries < TRIES_MAX) continue;
    throw new NinetyError(
      `${markedChange(mark)} must be undone, got ${status}: ${messageIn(body)}`,
      { exit: EXIT.healFailed },
    );
  }
}

function messageIn(body: string): string {
  try {
    return textAt(JSON.parse(body) as Json, "message") || body.slice(0, 300);
  } catch {
    return body.slice(0, 300);
  }
}
