import type { HeldNow } from "../model/agent-protocol.ts";
import type { Held, Lease } from "../model/effect.ts";
import type { Ms, Us } from "../model/quantity.ts";

/** How many ended ids are remembered; the oldest are forgotten first. */
export const ENDED_MAX = 10_000;

/** One effect under its lease. */
export interface Leased extends HeldNow {
  readonly leaseMs: Ms;
}

/** Which effects are wanted now, and which ids must never come back. */
export interface Leases {
  readonly held: ReadonlyMap<string, Leased>;
  /** Oldest first. */
  readonly ended: ReadonlySet<string>;
}

export const noLeases = (ended: readonly string[] = []): Leases => ({
  held: new Map(),
  ended: new Set(ended.slice(-ENDED_MAX)),
});

/** A late start of an ended id is refused; the start of a held id changes nothing. */
export function startLease(
  leases: Leases,
  { held, lease, nowUs }: { readonly held: Held; readonly lease: Lease; readonly nowUs: Us },
): { readonly leases: Leases; readonly outcome: "started" | "held" | "refused" } {
  if (leases.ended.has(held.id)) return { leases, outcome: "refused" };
  if (leases.held.has(held.id)) return { leases, outcome: "held" };
  const deadlineUs = nowUs + Math.round(lease.deadlineMs * 1_000);
  const leased: Leased = {
    held,
    sinceUs: nowUs,
    leaseMs: lease.leaseMs,
    leaseEndsUs: Math.min(deadlineUs, nowUs + Math.round(lease.leaseMs * 1_000)),
    deadlineUs,
  };
  return {
    leases: { ...leases, held: new Map(leases.held).set(held.id, leased) },
    outcome: "started",
  };
}

/** Takes in an effect that an earlier holder left; unless its id has ended. */
export function adoptLease(leases: Leases, leased: Leased): Leases {
  if (leases.ended.has(leased.held.id)) return leases;
  return { ...leases, held: new Map(leases.held).set(leased.held.id, leased) };
}

/** Longer by one lease from now, never past the deadline; a lease that ran out is not renewed. */
export function renewLeases(
  leases: Leases,
  ids: readonly string[],
  nowUs: Us,
): { readonly leases: Leases; readonly renewed: readonly string[] } {
  const held = new Map(leases.held);
  const renewed: string[] = [];
  for (const id of new Set(ids)) {
    const leased = held.get(id);
    if (leased === undefined || nowUs >= leased.leaseEndsUs) continue;
    const leaseEndsUs = Math.min(leased.deadlineUs, nowUs + Math.round(leased.leaseMs * 1_000));
    held.set(id, { ...leased, leaseEndsUs });
    renewed.push(id);
  }
  return { leases: { ...leases, held }, renewed };
}

/** Ends the id for good, whether it was held or not: idempotent, and right without any start. */
export function endLease(leases: Leases, id: string): Leases {
  const held = new Map(leases.held);
  held.delete(id);
  const ended = new Set(leases.ended);
  // Deleted first, so that an id that is stopped again counts as young.
  ended.delete(id);
  ended.add(id);
  for (const oldest of ended) {
    if (ended.size <= ENDED_MAX) break;
    ended.delete(oldest);
  }
  return { held, ended };
}

/** What has run out by now ends for good. */
export function expireLeases(
  leases: Leases,
  nowUs: Us,
): { readonly leases: Leases; readonly lapsed: readonly Leased[] } {
  const lapsed = [...leases.held.values()].filter((leased) => nowUs >= leased.leaseEndsUs);
  return { leases: lapsed.reduce((left, { held }) => endLease(left, held.id), leases), lapsed };
}
