// A world for the runner's loop to go wrong in, on a virtual clock: throws, hangs, deaf holders, a
// full or hung disk, late starts, a load that dies, an abort at any moment. It says what it saw.
import * as fc from "fast-check";
import { BEAT_MS, LEASING } from "../../src/model/agent-protocol.ts";
import type { Effect, Held } from "../../src/model/effect.ts";
import { happensOnce } from "../../src/model/effect-facts.ts";
import type { EventBody } from "../../src/model/event.ts";
import type { Plan, PlannedStep, StepId } from "../../src/model/plan.ts";
import { createCrew, RunAborted } from "../../src/kernel/crew.ts";
import { createHolders } from "../../src/kernel/holders.ts";
import { leaseOf } from "../../src/kernel/lease.ts";
import { randomOf } from "../../src/kernel/prng.ts";
import type * as Heal from "../../src/kernel/heal.ts";
import type * as Runner from "../../src/kernel/runner.ts";
import type { System } from "../../src/kernel/run-system.ts";
import {
  FakeInjector,
  MemoryLog,
  type DiskTrouble,
  type Trouble,
} from "../../src/testing/fakes.ts";
import { settle, VirtualClock } from "../../src/testing/virtual-clock.ts";

/** All that a schedule is made of; what is not here is drawn from its seed. */
export interface Schedule {
  readonly seed: number;
  readonly steps: readonly {
    readonly injectS: number;
    readonly forS: number | null;
    readonly effects: number;
    readonly follow: boolean;
  }[];
  readonly throwRatio: number;
  readonly hangRatio: number;
  readonly deafRatio: number;
  readonly stopsFail: boolean;
  readonly disk: { readonly after: number; readonly as: DiskTrouble } | null;
  readonly abortMs: number | null;
  readonly loadDiesMs: number | null;
  /** From then on the holder has lost the effects of the first step. */
  readonly lapseMs: number | null;
}

const ratio = fc.constantFrom(0, 0, 0, 0.05, 0.2);
export const schedules: fc.Arbitrary<Schedule> = fc.record({
  seed: fc.nat(),
  steps: fc.array(
    fc.record({
      injectS: fc.nat(20),
      forS: fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 1, max: 20 }) }, fc.constant(null)),
      effects: fc.integer({ min: 1, max: 3 }),
      follow: fc.boolean(),
    }),
    { minLength: 1, maxLength: 5 },
  ),
  throwRatio: ratio,
  hangRatio: ratio,
  deafRatio: ratio,
  stopsFail: fc.boolean(),
  disk: fc.option(
    fc.record({
      after: fc.nat(30),
      as: fc.constantFrom<DiskTrouble>("full", "full-kept", "hung"),
    }),
    { freq: 3 },
  ),
  abortMs: fc.option(fc.nat(60_000), { freq: 2 }),
  loadDiesMs: fc.option(fc.nat(60_000), { freq: 3 }),
  lapseMs: fc.option(fc.nat(60_000), { freq: 3 }),
});

/** The code under test: the real one, or a mutant of it. */
export interface Kernel {
  readonly run: typeof Runner.run;
  readonly healRun: typeof Heal.healRun;
}

const LIMIT_MS = 45 * 60_000;
const stepOf = (heldId: string): StepId => heldId.slice(0, 3) as StepId;

/** Runs one schedule; answers what must not have happened. */
export async function violations(
  schedule: Schedule,
  kernel: Kernel,
  world: { readonly tombstone: boolean } = { tombstone: true },
): Promise<readonly string[]> {
  const clock = new VirtualClock();
  const random = randomOf(String(schedule.seed), "world");
  const upTo = (most: number): number => Math.floor(random() * most);
  const bad: string[] = [];
  const log = new MemoryLog(clock, schedule.disk);
  const touched = new Map<string, Held>();
  const troubled = new Set<string>();
  const troubleOf = (): Trouble => {
    if (random() < schedule.throwRatio) return "throws";
    if (random() < schedule.hangRatio) return "hangs";
    return random() < schedule.deafRatio ? "deaf" : null;
  };
  const injector = new FakeInjector(clock, {
    tombstone: world.tombstone,
    takesMs: (what) => upTo(300) + (what === "start" && random() < 0.15 ? upTo(20_000) : 0),
    trouble: (what, ids) => {
      if (what === "renew" || (what === "stop" && !schedule.stopsFail)) return null;
      const trouble = troubleOf();
      if (what === "stop" && trouble) for (const id of ids) troubled.add(id);
      return trouble;
    },
    onCall: (what, ids) => called(what, ids),
  });
  const called = (what: string, ids: readonly string[]): void => {
    for (const id of ids) {
      const begun = log.disk.flatMap((event) =>
        event.type === "fault" && event.edge === "inject-begin" ? event.effects : [],
      );
      const held = begun.find((one) => one.id === id);
      if (what === "start" && !held) bad.push(`${id} was touched before it was on the log`);
      if (what === "start") touched.set(id, held ?? { id, effect: powerOff });
      if (what === "start" && !log.documents.has("plan.json")) bad.push("touched before the plan");
      if (what !== "start" && held && happensOnce(held.effect))
        bad.push(`${id} was asked to ${what}`);
      if (what === "renew" && injector.stopped.has(id))
        bad.push(`${id} was renewed after its heal`);
    }
  };

  const plan = planOf(schedule);
  const stop = new AbortController();
  const { abortMs, lapseMs } = schedule;
  if (abortMs !== null) clock.at(abortMs, () => stop.abort(new RunAborted("interrupted", "stop")));
  const lapsed = new Map<StepId, number>();
  if (lapseMs !== null) {
    clock.at(lapseMs, () => {
      const [first] = injector.held.keys();
      if (first === undefined) return;
      const id = stepOf(first);
      injector.held.delete(first);
      // Gone before its inject has ended: that may still fail, and then that is what is told.
      const count = (edge: string): number =>
        idsOf(log.attempts, edge).filter((one) => one === id).length;
      lapsed.set(id, count("inject-begin") === count("inject-end") ? clock.nowMs() : Infinity);
    });
  }
  const times = new Map<EventBody, number>();
  const append = log.append.bind(log);
  log.append = async (body) => {
    times.set(body, clock.nowMs());
    return append(body);
  };
  const crew = createCrew(clock, stop.signal);
  let overMs = Infinity;
  crew.signal.addEventListener("abort", () => (overMs = clock.nowMs()), { once: true });
  const system = systemOf({ schedule, plan, clock, log, injector, random });
  const ending = kernel.run(plan, system, crew);
  const end = await clock.drive(ending, LIMIT_MS).catch((error: unknown) => {
    bad.push(`hung: ${String(error)}`);
    return null;
  });
  if (!end) return bad;

  // Late starts land now, if anything lets them.
  const left = clock.nowMs() + 60_000;
  clock.at(left, () => {});
  while (clock.nowMs() < left && clock.tick()) await settle();

  const { attempts } = log;
  if (attempts.at(-1)?.type !== "phase") bad.push("phase end is not the last event");
  for (const [id, { effect }] of touched) {
    if (!happensOnce(effect) && !injector.stopped.has(id)) bad.push(`${id} was never healed`);
  }
  for (const id of end.unhealed) {
    if (![...troubled].some((held) => stepOf(held) === id))
      bad.push(`${id} said unhealed for no reason`);
  }
  for (const id of injector.held.keys()) {
    if (!end.unhealed.includes(stepOf(id))) bad.push(`${id} is left, and nobody said so`);
  }
  bad.push(...orderOfHeals(attempts), ...ties(attempts, plan));
  bad.push(...lapses(attempts, { times, lapsed, overMs }));

  const patient = new FakeInjector(clock);
  for (const [id, now] of injector.held) patient.held.set(id, now);
  const fresh = { clock, log: new MemoryLog(clock), holders: createHolders([patient]) };
  const unhealed = await clock.drive(kernel.healRun(log.disk, fresh));
  if (unhealed.length > 0 || patient.held.size > 0) {
    bad.push(`a fresh process leaves ${[...patient.held.keys()].join(", ")}`);
  }
  return bad;
}

const powerOff: Effect = { kind: "power", node: "n1" };

function planOf({ steps }: Schedule): Plan {
  return {
    schema: 1,
    experiment: "world",
    hypothesis: "Everything heals.",
    seed: "1",
    cluster: { nodes: 1, gpusPerNode: 0, nodeGraceMs: null, nodeLeaseMs: null, backoffMaxMs: null },
    stack: [],
    load: { load: "none", to: "none", rateRps: 1, timeoutMs: 1, scenarios: [], options: {} },
    slo: { withinMs: 1, goodRatio: 0.99, breachRatio: 0.99 },
    phasesMs: { warmup: 1_000, steady: 5_000, faults: 40_000, observe: 5_000 },
    steps: steps.map((step, index): PlannedStep => ({
      id: `f${String(index + 1).padStart(2, "0")}`,
      fault: "any",
      params: {},
      on: { kind: "pod", part: "none", count: 1 },
      slots: [],
      injectMs: step.injectS * 1_000,
      healMs: step.forS === null ? null : (step.injectS + step.forS) * 1_000,
      follow: step.follow,
    })),
    checks: [],
    accepts: [],
  };
}

function systemOf(of: {
  readonly schedule: Schedule;
  readonly plan: Plan;
  readonly clock: VirtualClock;
  readonly log: MemoryLog;
  readonly injector: FakeInjector;
  readonly random: () => number;
}): System {
  const { schedule, plan, clock, log, injector, random } = of;
  const upTo = (most: number): number => Math.floor(random() * most);
  const flaky = async (what: string, signal: AbortSignal): Promise<void> => {
    await clock.until(clock.nowMs() + upTo(300), signal);
    if (random() < schedule.throwRatio / 4) throw new Error(`${what} failed`);
    if (random() < schedule.hangRatio / 4) await clock.until(Infinity, signal);
    if (random() < schedule.deafRatio / 4) await new Promise<never>(() => {});
  };
  let effects = 0;
  return {
    clock,
    log,
    holders: createHolders([injector]),
    preflight: async (_plan, signal) => flaky("preflight", signal),
    deploy: async (_plan, signal) => flaky("deploy", signal),
    async watch(_plan, crew, signal) {
      await flaky("watch", signal);
      crew.spawn(async (life) => {
        await clock.until(schedule.loadDiesMs ?? Infinity, life);
        throw new RunAborted("load-died", "the load died");
      });
    },
    async resolve(step, signal) {
      await flaky("resolve", signal);
      const many = schedule.steps[Number(step.id.slice(1)) - 1]?.effects ?? 1;
      const effect: Effect =
        step.healMs === null
          ? {
              kind: "delete",
              graceMs: 0,
              pod: { kind: "pod", namespace: "n", name: "p", uid: "u", node: "n1" },
            }
          : powerOff;
      const held = Array.from({ length: many }, () => ({ id: `${step.id}.${effects++}`, effect }));
      return { targets: [], effects: held };
    },
    leasing: LEASING,
    lease: (step, forMs) => leaseOf(step, forMs, { plan, cutting: new Set(), leasing: LEASING }),
    async replaced(untilMs, signal) {
      const open = plan.steps.find((one) => one.follow && isOpen(log, one.id));
      if (open && random() < 0.3 && clock.nowMs() + 500 < untilMs) {
        await clock.until(clock.nowMs() + 500, signal);
        return { step: open, targets: [] };
      }
      await clock.until(untilMs, signal);
      return undefined;
    },
    prove: async (_step, _want, signal) => flaky("proof", signal),
    settled: async (_plan, signal) =>
      clock.until(clock.nowMs() + upTo(8_000), signal).catch(() => {}),
    remove: async (_plan, signal) => flaky("removal", signal),
  };
}

function isOpen(log: MemoryLog, id: StepId): boolean {
  const edges = log.events().filter((event) => event.type === "fault" && event.id === id);
  const last = edges.findLast((event) => event.type === "fault");
  return last?.type === "fault" && last.edge === "inject-end";
}

/** At the end of a run that failed, what began last is healed first. */
function orderOfHeals(attempts: readonly EventBody[]): readonly string[] {
  const failed = attempts.findIndex((one) => one.type === "error" && one.code !== "teardown");
  if (failed < 0) return [];
  const begun = [...new Set(idsOf(attempts, "inject-begin"))];
  const order = idsOf(attempts.slice(failed), "heal-begin").map((id) => begun.indexOf(id));
  return order.some((place, nth) => nth > 0 && place > order[nth - 1]!) ? ["not last first"] : [];
}

function idsOf(attempts: readonly EventBody[], edge: string): readonly StepId[] {
  return attempts.flatMap((one) => (one.type === "fault" && one.edge === edge ? [one.id] : []));
}

/** What is to be healed at an instant is healed before anything is injected at it. */
function ties(attempts: readonly EventBody[], plan: Plan): readonly string[] {
  const first = (id: StepId, edge: string): number =>
    attempts.findIndex((one) => one.type === "fault" && one.id === id && one.edge === edge);
  return plan.steps.flatMap((healed) =>
    plan.steps.flatMap((injected) => {
      if (healed.healMs === null || healed.healMs !== injected.injectMs) return [];
      const injectAt = first(injected.id, "inject-begin");
      const healAt = first(healed.id, "heal-begin");
      const began = first(healed.id, "inject-begin");
      if (injectAt < 0 || began < 0 || (healAt >= 0 && healAt < injectAt)) return [];
      return [`${injected.id} was injected before ${healed.id} was healed`];
    }),
  );
}

/** Every lease that was lost long enough before its heal is on the record, once. */
function lapses(
  attempts: readonly EventBody[],
  of: {
    readonly times: ReadonlyMap<EventBody, number>;
    readonly lapsed: ReadonlyMap<StepId, number>;
    /** When the crew was told to end: nothing is renewed from then on. */
    readonly overMs: number;
  },
): readonly string[] {
  const { times, lapsed, overMs } = of;
  const told = idsOf(attempts, "lapsed");
  const bad = told.filter((id) => !lapsed.has(id)).map((id) => `${id} did not lapse`);
  if (new Set(told).size < told.length) bad.push("a lapse was told twice");
  for (const [id, atMs] of lapsed) {
    const ends = attempts.filter(
      (one) =>
        one.type === "error" ||
        (one.type === "fault" && one.id === id && one.edge === "heal-begin"),
    );
    const endMs = Math.min(overMs, ...ends.map((one) => times.get(one) ?? 0));
    if (endMs > atMs + 3 * BEAT_MS && !told.includes(id)) bad.push(`${id} lapsed, nobody said so`);
  }
  return bad;
}
