import type { Held } from "../model/effect.ts";
import type { StepId } from "../model/plan.ts";
import type { Ms } from "../model/quantity.ts";
import { bounded } from "./crew.ts";
import { note } from "./heal.ts";
import type { System } from "./run-system.ts";

/** What this process knows without the log, which a full disk may keep from it. */
export interface Book {
  /** By effect: in effect, and when its holder last said so. */
  readonly live: Map<string, Live>;
  /** Steps whose heal was asked for. */
  readonly asked: Set<StepId>;
}
interface Live {
  readonly id: StepId;
  readonly held: Held;
  readonly leaseMs: Ms;
  renewedMs: Ms;
}

/** Renews the lease of what is in effect until the signal aborts; a lost one is told once. */
export async function beat(system: System, book: Book, signal: AbortSignal): Promise<void> {
  const told = new Set<StepId>();
  for (;;) {
    await system.clock.until(system.clock.nowMs() + system.leasing.beatMs, signal);
    for (const id of await renew(system, book, signal)) {
      if (!told.has(id)) await note(system, { type: "fault", id, edge: "lapsed" });
      told.add(id);
    }
  }
}

/** One round; answers the steps of which an effect has lapsed. */
async function renew(
  { clock, holders, leasing }: System,
  { live, asked }: Book,
  parent: AbortSignal,
): Promise<readonly StepId[]> {
  // What was asked to heal is never renewed: its lease is what ends it should the heal fail.
  const due = [...live.values()].filter(({ id }) => !asked.has(id));
  if (due.length === 0) return [];
  const sentMs = clock.nowMs();
  const bound = { what: "renewal", forMs: leasing.beatMs, parent };
  const all = due.map(({ held }) => held);
  const answer = await bounded(clock, bound, (signal) => holders.renew(all, signal)).catch(() => ({
    held: [] as readonly string[],
    lost: [] as readonly string[],
  }));
  return due.flatMap((one) => {
    if (asked.has(one.id)) return [];
    if (answer.held.includes(one.held.id)) one.renewedMs = sentMs;
    const silentMs = clock.nowMs() - one.renewedMs;
    if (!answer.lost.includes(one.held.id) && silentMs <= one.leaseMs) return [];
    live.delete(one.held.id);
    return [one.id];
  });
}
