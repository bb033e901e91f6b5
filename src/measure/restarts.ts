import type { Event } from "../model/event.ts";
import { numberAt, textAt } from "../model/json.ts";
import type { Restarts } from "../model/suite.ts";

/** Pods whose containers were started again while they were watched, most restarts first. */
export function restartsOf(events: readonly Event[]): readonly Restarts[] {
  const pods = new Map<string, { readonly first: number; readonly last: Restarts }>();
  const ordered = [...events].sort((a, b) => a.atUs - b.atUs);
  for (const event of ordered) {
    if (event.type !== "cluster" || !event.object.startsWith("pod/")) continue;
    const restarts = numberAt(event.detail, "restarts");
    if (restarts === undefined) continue;
    const key = `${event.object} ${textAt(event.detail, "uid")}`;
    const known = pods.get(key);
    pods.set(key, {
      first: known?.first ?? restarts,
      last: {
        pod: event.object.slice("pod/".length),
        part: textAt(event.detail, "part"),
        restarts: Math.max(known?.last.restarts ?? 0, restarts),
        // A pod that came back tells no reason: the last one told is kept.
        reason: textAt(event.detail, "reason") || (known?.last.reason ?? ""),
      },
    });
  }
  return [...pods.values()]
    .map(({ first, last }) => ({ ...last, restarts: last.restarts - first }))
    .filter(({ restarts }) => restarts > 0)
    .sort((a, b) => b.restarts - a.restarts || (a.pod < b.pod ? -1 : 1));
}
