import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import {
  adoptLease,
  ENDED_MAX,
  endLease,
  expireLeases,
  noLeases,
  renewLeases,
  startLease,
  type Leases,
} from "../../src/agents/lease.ts";
import type { Held } from "../../src/model/effect.ts";

const held = (id: string): Held => ({ id, effect: { kind: "power", node: "n1" } });
const start = (leases: Leases, id: string, of: { at: number; lease: number; deadline: number }) =>
  startLease(leases, {
    held: held(id),
    lease: { leaseMs: of.lease, deadlineMs: of.deadline },
    nowUs: of.at * 1_000,
  });

type Step =
  | { readonly do: "start"; readonly id: string; readonly lease: number; readonly deadline: number }
  | { readonly do: "renew" | "stop"; readonly id: string }
  | { readonly do: "expire" };
const id = fc.constantFrom("a", "b", "c");
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant("start" as const),
    id,
    lease: fc.integer({ min: 1, max: 30 }),
    deadline: fc.integer({ min: 1, max: 60 }),
  }),
  fc.record({ do: fc.constantFrom("renew" as const, "stop" as const), id }),
  fc.record({ do: fc.constant("expire" as const) }),
);
const steps = fc.array(fc.tuple(step, fc.integer({ min: 0, max: 12 })), { maxLength: 60 });

/** What must be so, by the words of the rules and nothing of the code. */
interface Known {
  readonly since: number;
  readonly lease: number;
  readonly deadline: number;
  renewed: number;
}
const endOf = (one: Known): number => Math.min(one.since + one.deadline, one.renewed + one.lease);

describe("leases in virtual time", () => {
  test("hold from start to stop, lease end or deadline, and never again", () => {
    fc.assert(
      fc.property(steps, (script) => {
        let leases = noLeases();
        let now = 0;
        const known = new Map<string, Known>();
        const over = new Set<string>();
        for (const [one, pause] of script) {
          now += pause;
          if (one.do === "start") {
            const answer = start(leases, one.id, { ...one, at: now });
            leases = answer.leases;
            const expected = over.has(one.id) ? "refused" : known.has(one.id) ? "held" : "started";
            expect(answer.outcome).toBe(expected);
            if (expected === "started") known.set(one.id, { ...one, since: now, renewed: now });
          } else if (one.do === "renew") {
            const answer = renewLeases(leases, [one.id, one.id], now * 1_000);
            leases = answer.leases;
            const mine = known.get(one.id);
            const alive = mine !== undefined && now < endOf(mine);
            expect(answer.renewed).toEqual(alive ? [one.id] : []);
            if (alive) mine.renewed = now;
          } else if (one.do === "stop") {
            leases = endLease(leases, one.id);
            known.delete(one.id);
            over.add(one.id);
          } else {
            const answer = expireLeases(leases, now * 1_000);
            leases = answer.leases;
            const ended = [...known].filter(([, mine]) => now >= endOf(mine)).map(([name]) => name);
            expect(answer.lapsed.map((lapsed) => lapsed.held.id)).toEqual(ended);
            for (const name of ended) {
              known.delete(name);
              over.add(name);
            }
          }
          expect([...leases.held.keys()]).toEqual([...known.keys()]);
          for (const [name, mine] of known) {
            expect(leases.held.get(name)?.leaseEndsUs).toBe(endOf(mine) * 1_000);
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test("on a tie the stop wins, in either order", () => {
    const of = { at: 5, lease: 10, deadline: 20 };
    const stopLast = endLease(start(noLeases(), "a", of).leases, "a");
    const stopFirst = start(endLease(noLeases(), "a"), "a", of);
    expect(stopLast.held.size).toBe(0);
    expect(stopFirst.outcome).toBe("refused");
    expect(stopFirst.leases.held.size).toBe(0);
  });

  test("a lease is not renewed at the very instant that it ends", () => {
    const { leases } = start(noLeases(), "a", { at: 0, lease: 10, deadline: 20 });
    expect(renewLeases(leases, ["a"], 9_999).renewed).toEqual(["a"]);
    expect(renewLeases(leases, ["a"], 10_000).renewed).toEqual([]);
  });

  test("an id that has ended is not adopted", () => {
    const { leases } = start(noLeases(), "a", { at: 0, lease: 10, deadline: 20 });
    const [leased] = leases.held.values();
    if (leased === undefined) throw new Error("nothing was held");
    expect(adoptLease(noLeases(), leased).held.size).toBe(1);
    expect(adoptLease(noLeases(["a"]), leased).held.size).toBe(0);
  });

  test("remembers the youngest ids that ended, and no more", () => {
    let leases = noLeases(Array.from({ length: ENDED_MAX + 5 }, (_, nth) => `old-${nth}`));
    expect(leases.ended.size).toBe(ENDED_MAX);
    leases = endLease(endLease(leases, "old-5"), "new");
    expect(leases.ended.size).toBe(ENDED_MAX);
    expect(leases.ended.has("old-5")).toBe(true);
    expect(leases.ended.has("old-6")).toBe(false);
  });
});
