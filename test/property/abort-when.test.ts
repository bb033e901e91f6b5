import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LEASING } from "../../src/model/agent-protocol.ts";
import type { Plan } from "../../src/model/plan.ts";
import { isGood, type Request } from "../../src/model/request.ts";
import { AbortWatch } from "../../src/kernel/abort-when.ts";
import { createCrew, RunAborted } from "../../src/kernel/crew.ts";
import { readExperiment } from "../../src/kernel/experiment.ts";
import { makePlan } from "../../src/kernel/planner.ts";
import { createHolders } from "../../src/kernel/holders.ts";
import { leaseOf } from "../../src/kernel/lease.ts";
import { run } from "../../src/kernel/runner.ts";
import type { System } from "../../src/kernel/run-system.ts";
import { FakeInjector, MemoryLog } from "../../src/testing/fakes.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";
import { written } from "../unit/kernel-kit.ts";

const END_MS = 90_000;
const reading = readExperiment("sample", written({ steady: "20s" }));
const base = makePlan(reading, "s", { always: [], addOns: [] });

interface Traffic {
  readonly rateRps: number;
  readonly goodRatio: number;
  readonly overMs: number;
  /** When the load begins; in each trouble, of a hundred requests so many are good. */
  readonly beginMs: number;
  readonly troubles: readonly {
    readonly fromMs: number;
    readonly forMs: number;
    readonly goodOf100: number;
    /** Bad requests are told when they time out, or fail at once. */
    readonly hangs: boolean;
  }[];
}

const traffics: fc.Arbitrary<Traffic> = fc.record({
  rateRps: fc.constantFrom(5, 20, 50),
  goodRatio: fc.constantFrom(0.2, 0.5, 0.9),
  overMs: fc.constantFrom(5_000, 10_000, 30_000),
  beginMs: fc.nat(5_000),
  troubles: fc.array(
    fc.record({
      fromMs: fc.nat(80_000),
      forMs: fc.integer({ min: 200, max: 40_000 }),
      goodOf100: fc.constantFrom(0, 10, 40, 60, 95),
      hangs: fc.boolean(),
    }),
    { maxLength: 3 },
  ),
});

const planOf = ({ rateRps, goodRatio, overMs }: Traffic): Plan => ({
  ...base,
  load: { ...base.load, rateRps },
  abortWhen: { goodRatio, overMs },
});

/** All requests, each with the instant at which it is told. */
function requestsOf(traffic: Traffic, plan: Plan): readonly { atMs: number; request: Request }[] {
  const { rateRps, beginMs, troubles } = traffic;
  const many = Math.floor(((END_MS - beginMs) / 1_000) * rateRps);
  return Array.from({ length: many }, (_, id) => {
    const intendedUs = Math.round(beginMs * 1_000 + (id * 1_000_000) / rateRps);
    const trouble = troubles.find(
      ({ fromMs, forMs }) => intendedUs >= fromMs * 1_000 && intendedUs < (fromMs + forMs) * 1_000,
    );
    const good = !trouble || (id * 37) % 100 < trouble.goodOf100;
    const tookUs = good ? 5_000 : trouble.hangs ? plan.load.timeoutMs * 1_000 : 1_000;
    const endUs = intendedUs + tookUs;
    const sent = { id, scenario: "new", intendedUs, attempts: 1, startUs: intendedUs, endUs };
    const request: Request = good
      ? { ...sent, outcome: "ok", connection: "new", firstByteUs: endUs, status: 200, backend: "" }
      : { ...sent, outcome: "refused" };
    return { atMs: endUs / 1_000 + 50, request };
  });
}

/**
 * The share at an instant, counted anew from all requests: bad are those that failed until then and
 * those that have been out for longer than the SLO's time and `slackMs`.
 */
function shareAt(
  nowMs: number,
  of: {
    readonly plan: Plan;
    readonly all: ReturnType<typeof requestsOf>;
    readonly slackMs: number;
  },
): { readonly good: number; readonly known: number } {
  const { plan, all, slackMs } = of;
  const overMs = plan.abortWhen?.overMs ?? 0;
  let [good, known] = [0, 0];
  for (const { atMs, request } of all) {
    const intendedMs = request.intendedUs / 1_000;
    if (intendedMs <= nowMs - overMs || intendedMs > nowMs) continue;
    if (atMs <= nowMs) {
      known += 1;
      if (isGood(request, plan.slo, Infinity) === true) good += 1;
    } else if (nowMs - intendedMs > plan.slo.withinMs + slackMs) known += 1;
  }
  return { good, known };
}

/** A whole run whose one held step is open from the start of `faults`; when its heal was asked for. */
async function abortedAt(traffic: Traffic): Promise<{
  readonly plan: Plan;
  readonly abortMs: number | null;
  readonly healMs: number | null;
  readonly unhealed: number;
}> {
  const plan = planOf(traffic);
  const clock = new VirtualClock();
  const log = new MemoryLog(clock);
  const watch = new AbortWatch(plan, plan.abortWhen!);
  for (const { atMs, request } of requestsOf(traffic, plan))
    clock.at(atMs, () => watch.add(request));
  const injector = new FakeInjector(clock);
  const nothing = async (): Promise<void> => Promise.resolve();
  const effect = { kind: "power", node: "n1" } as const;
  const system: System = {
    clock,
    log,
    holders: createHolders([injector]),
    preflight: nothing,
    deploy: nothing,
    async watch(_plan, crew) {
      await Promise.resolve();
      crew.spawn(async (signal) => watch.run(clock, signal));
    },
    resolve: async () => Promise.resolve({ targets: [], effects: [{ id: "f01.0", effect }] }),
    leasing: LEASING,
    lease: (step, forMs) => leaseOf(step, forMs, { plan, cutting: new Set(), leasing: LEASING }),
    replaced: async (untilMs, signal) => clock.until(untilMs, signal).then(() => undefined),
    prove: nothing,
    settled: async (_plan, signal) => clock.until(END_MS - 1_000, signal).catch(() => {}),
    remove: nothing,
  };
  const stop = new AbortController();
  const end = await clock.drive(run(plan, system, createCrew(clock, stop.signal)), 10 * 60_000);
  const error = end.failure?.error;
  const isAbort = error instanceof RunAborted && error.code === "abort-when" && error.exit === 2;
  if (error !== undefined && !isAbort) throw error;
  const timeOf = (find: (event: (typeof log.disk)[number]) => boolean): number | null => {
    const event = log.disk.find(find);
    return event ? event.atUs / 1_000 : null;
  };
  const abortMs = timeOf((one) => one.type === "error" && one.code === "abort-when");
  const open = log.disk.some((one) => one.type === "fault" && one.edge === "inject-begin");
  const healMs = open ? timeOf((one) => one.type === "fault" && one.edge === "heal-begin") : null;
  return { plan, abortMs, healMs, unhealed: end.unhealed.length + injector.held.size };
}

describe("abortWhen", () => {
  test("asks for the heal within 2 s of its condition, and never without it", async () => {
    let aborts = 0;
    const property = fc.asyncProperty(traffics, async (traffic) => {
      const { plan, abortMs, healMs, unhealed } = await abortedAt(traffic);
      const all = requestsOf(traffic, plan);
      const { goodRatio, overMs } = traffic;
      const filledMs = traffic.beginMs + overMs;
      expect(unhealed).toBe(0);
      if (abortMs !== null) {
        aborts += 1;
        expect(abortMs).toBeGreaterThanOrEqual(filledMs);
        // A heal that the plan asked for may have come before.
        if (healMs !== null) expect(healMs).toBeLessThanOrEqual(abortMs + 1);
        // Counted in tenths of a second, one of them may be missing at the edge.
        const { good, known } = shareAt(abortMs, { plan, all, slackMs: 900 });
        const edge = Math.ceil(traffic.rateRps / 10) + 1;
        expect((good - edge) / known).toBeLessThan(goodRatio);
        expect(known).toBeGreaterThanOrEqual(20);
      }
      // The first instant from which on it holds clearly, for a second and more.
      let sinceMs: number | null = null;
      const lastMs = Math.min(abortMs ?? Infinity, END_MS - 3_000);
      for (let nowMs = Math.ceil(filledMs) + 100; nowMs < lastMs; nowMs += 100) {
        const { good, known } = shareAt(nowMs, { plan, all, slackMs: 1_150 });
        const edge = Math.ceil(traffic.rateRps / 10) + 2;
        const holds = known - edge >= 20 && (good + edge) / known < goodRatio;
        sinceMs = holds ? (sinceMs ?? nowMs) : null;
        expect(sinceMs === null ? 0 : nowMs - sinceMs, "held and was not seen").toBeLessThan(2_000);
      }
    });
    await fc.assert(property, { numRuns: 80 });
    expect(aborts).toBeGreaterThan(10);
  });

  test("a look costs the same at a thousand requests a second for ten minutes", () => {
    const plan = planOf({
      rateRps: 1_000,
      goodRatio: 0.5,
      overMs: 600_000,
      beginMs: 0,
      troubles: [],
    });
    const watch = new AbortWatch(plan, plan.abortWhen!);
    const sent = { scenario: "new", attempts: 1, outcome: "refused" } as const;
    const beganMs = performance.now();
    for (let id = 0; id < 700_000; id += 1) {
      const intendedUs = id * 1_000;
      watch.add({ ...sent, id, intendedUs, startUs: intendedUs, endUs: intendedUs + 1 });
      if (id % 1_000 === 999) watch.under(intendedUs);
    }
    expect(watch.under(700_000_000)).toMatchObject({ scenario: "new", good: 0 });
    expect(performance.now() - beganMs).toBeLessThan(5_000);
  });
});
