import type { ClusterEvent, Event } from "../model/event.ts";
import { at, listAt, numberAt, textAt, type Json } from "../model/json.ts";
import type { Us } from "../model/quantity.ts";
import type { Instant } from "./change-point.ts";

type Detail = ClusterEvent["detail"];

/** What turns a change of one kind of object into the signal of a detector. */
const DETECTORS: readonly {
  readonly name: string;
  readonly object: string;
  readonly fires: (before: Detail, now: Detail) => boolean;
}[] = [
  {
    name: "device-health",
    object: "pod/",
    fires: (before, now) => unhealthy(now) > unhealthy(before),
  },
  {
    name: "pod-not-ready",
    object: "pod/",
    fires: (before, now) =>
      at(before, "ready") === true && (at(now, "ready") !== true || at(now, "gone") === true),
  },
  {
    name: "endpoint-removed",
    object: "endpoints/",
    fires: (before, now) => {
      const left: readonly unknown[] = listAt(now, "ready");
      return listAt(before, "ready").some((name) => !left.includes(name));
    },
  },
  {
    name: "node-not-ready",
    object: "node/",
    fires: (before, now) => at(before, "ready") === true && at(now, "ready") !== true,
  },
  {
    name: "allocatable",
    object: "node/",
    fires: (before, now) =>
      (numberAt(now, "gpusAllocatable") ?? 0) < (numberAt(before, "gpusAllocatable") ?? 0),
  },
];

/**
 * The first signal of each detector after the effect, from the watches. One that never came has no
 * entry; one that was first seen after a gap of the watch carries the gap as its interval.
 */
export function detections(
  events: readonly Event[],
  { fromUs, untilUs }: { readonly fromUs: Us; readonly untilUs: Us },
): ReadonlyMap<string, Instant> {
  const before = new Map<string, Detail>();
  const found = new Map<string, Instant>();
  for (const event of events) {
    if (event.type !== "cluster" || event.atUs >= untilUs) continue;
    const known = before.get(event.object);
    // A new object under an old name lost nothing.
    const same = known && textAt(known, "uid") === textAt(event.detail, "uid");
    before.set(event.object, event.detail);
    if (!same || event.atUs <= fromUs) continue;
    for (const { name, object, fires } of DETECTORS) {
      if (found.has(name) || !event.object.startsWith(object)) continue;
      if (!fires(known, event.detail)) continue;
      const lowUs = Math.max(fromUs, Math.min(event.notBeforeUs, event.atUs));
      found.set(name, { atUs: event.atUs, lowUs, highUs: event.atUs });
    }
  }
  return found;
}

function unhealthy(detail: Json): number {
  return listAt(detail, "devices").filter((one) => textAt(one, "health") === "Unhealthy").length;
}
