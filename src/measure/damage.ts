import type { Damage } from "../model/damage.ts";
import type { Event } from "../model/event.ts";
import type { Measurement } from "../model/measurement.ts";

/** What was foreseen and accepted, each as it was told last; nothing where nothing was. */
export function damageOf(events: readonly Event[]): Pick<Measurement, "damage"> {
  const found = new Map<string, Damage>();
  for (const event of events) {
    if (event.type !== "damage") continue;
    const { accept, id, what, observed, limit, rule } = event;
    found.set(JSON.stringify([accept, id, what]), { accept, id, what, observed, limit, rule });
  }
  return found.size === 0 ? {} : { damage: [...found.values()] };
}
