import type { Event } from "../model/event.ts";
import type { Plan, PlannedStep } from "../model/plan.ts";
import type { Us } from "../model/quantity.ts";
import { isGood, type Request } from "../model/request.ts";
import { breaches, holdUs, windowUs } from "./breach.ts";
import { capacityOf } from "./capacity.ts";
import { signalOf, type Signal } from "./signal.ts";
import { edgesOf, stepTimes } from "./steps.ts";

/** Requests are told when they ended, a moment after the tick of the latest that could be. */
const TELLING_US = 1_000_000;

export interface HeldOf {
  readonly plan: Plan;
  readonly events: readonly Event[];
  /** As they were appended: in order of their ends. */
  readonly requests: readonly Request[];
  readonly nowUs: Us;
}

/**
 * Whether observation may end before its time: every step proved, healed and proved healed; no
 * window of any scenario breached `goodRatio`, and no pod was missing, for the hold. The hold is
 * counted from the last heal or the last breach, whichever is later. Looks at the latest requests
 * only, so that it may be asked every second. `why` says what is waited for.
 */
export function held(of: HeldOf): { readonly done: boolean; readonly why: string } {
  const waits = (why: string): { done: boolean; why: string } => ({ done: false, why });
  let sinceUs = 0;
  for (const step of of.plan.steps) {
    const { openWhy, endedUs } = stepEnd(step, of.events);
    if (openWhy !== null) return waits(openWhy);
    sinceUs = Math.max(sinceUs, endedUs);
  }
  const hold = holdUs(of.plan.load.rateRps);
  const forHold = (what: string, fromUs: Us): { done: boolean; why: string } | null => {
    const left = fromUs + hold - of.nowUs;
    return left > 0 ? waits(`${what}: the hold has ${Math.ceil(left / 1e6)} s to go`) : null;
  };
  const healing = forHold("healed", sinceUs);
  if (healing) return healing;
  const recent = recentSignals(of, hold);
  for (const [name, signal] of recent) {
    const waiting = scenarioWaits(signal, of, hold);
    if (waiting !== null) return waits(`scenario ${name} ${waiting}`);
  }
  return forCapacity(of, hold) ?? { done: true, why: "everything has held" };
}

/** When a step was over, or what is still open about it. */
function stepEnd(
  step: PlannedStep,
  events: readonly Event[],
): { readonly openWhy: string | null; readonly endedUs: Us } {
  const times = stepTimes(step, events);
  const waiting = (what: string): { openWhy: string; endedUs: Us } => ({
    openWhy: `${step.id} ${what}`,
    endedUs: 0,
  });
  if (!times) return waiting("was not injected");
  if (times.proved !== "proved") return waiting("is not proved");
  if (!times.clr) return waiting("is not healed");
  const proof = edgesOf(events, step.id).findLast(
    ({ edge }) => edge === "heal-proved" || edge === "heal-unproved",
  );
  if (step.healMs !== null && proof?.edge !== "heal-proved") return waiting("is not proved healed");
  return { openWhy: null, endedUs: times.clr.atUs };
}

/** What is still bad about one scenario, or null. */
function scenarioWaits(signal: Signal, { plan, nowUs }: HeldOf, hold: Us): string | null {
  const last = breaches(signal, {
    widthUs: windowUs(plan.load.rateRps),
    badRatioMax: 1 - plan.slo.goodRatio,
    burst: 1,
  }).at(-1);
  if (signal.timesUs.length === 0) return "has no requests";
  if (!last) return null;
  const untilUs = signal.timesUs[last.last]!;
  const left = untilUs + hold + windowUs(plan.load.rateRps) - nowUs;
  return left > 0 ? `was bad ${Math.round((nowUs - untilUs) / 1e6)} s ago` : null;
}

/**
 * The last two holds of each scenario. A tick that should have been told by now and was not is bad:
 * a request that hangs is told only when it is given up.
 */
function recentSignals(of: HeldOf, hold: Us): ReadonlyMap<string, Signal> {
  const { plan, requests, nowUs } = of;
  const fromUs = nowUs - 2 * hold - 2 * windowUs(plan.load.rateRps);
  const untilUs = nowUs - plan.slo.withinMs * 1_000 - TELLING_US;
  const told = new Map<string, Map<number, Request>>(
    plan.load.scenarios.map(({ name }) => [name, new Map()]),
  );
  for (let i = requests.length - 1; i >= 0; i -= 1) {
    const request = requests[i]!;
    const endedUs = "endUs" in request ? request.endUs : request.intendedUs;
    if (endedUs < fromUs - plan.load.timeoutMs * 1_000) break;
    if (request.intendedUs >= fromUs) told.get(request.scenario)?.set(request.id, request);
  }
  return new Map([...told].map(([name, own]) => [name, signalFrom(own, of, { fromUs, untilUs })]));
}

function signalFrom(
  own: ReadonlyMap<number, Request>,
  { plan, nowUs }: HeldOf,
  { fromUs, untilUs }: { readonly fromUs: Us; readonly untilUs: Us },
): Signal {
  const ids = [...own.keys()].sort((a, b) => a - b);
  const periodUs = 1_000_000 / plan.load.rateRps;
  const timesUs: number[] = [];
  const bad: number[] = [];
  const add = (atUs: Us, isBad: boolean): void => {
    if (atUs < fromUs || atUs >= untilUs) return;
    timesUs.push(atUs);
    bad.push(isBad ? 1 : 0);
  };
  for (const [i, id] of ids.entries()) {
    const request = own.get(id)!;
    const before = own.get(ids[i - 1] ?? id)!;
    const missing = id - before.id - 1;
    for (let nth = 1; nth <= missing; nth += 1) add(before.intendedUs + nth * periodUs, true);
    add(request.intendedUs, isGood(request, plan.slo, nowUs) !== true);
  }
  const last = own.get(ids.at(-1) ?? -1);
  for (let atUs = (last?.intendedUs ?? fromUs) + periodUs; atUs < untilUs; atUs += periodUs) {
    add(atUs, true);
  }
  return signalOf(timesUs, bad);
}

function forCapacity(
  of: HeldOf,
  hold: Us,
): { readonly done: boolean; readonly why: string } | null {
  const { plan, events, nowUs } = of;
  const effects = plan.steps.flatMap((step) => stepTimes(step, events)?.inj?.lowUs ?? []);
  const capacity = capacityOf(plan, events, { fromUs: Math.min(...effects), untilUs: nowUs });
  const last = capacity.deficits.at(-1)!;
  if (capacity.unseen.length > 0) return { done: false, why: "no pod was seen" };
  if (last.missing > 0) return { done: false, why: `${last.missing} pods are missing` };
  // The load stops a little before what measures it would look: a window more keeps the hold whole.
  const left = last.atUs + hold + windowUs(plan.load.rateRps) - nowUs;
  if (left <= 0) return null;
  return { done: false, why: `capacity is back: the hold has ${Math.ceil(left / 1e6)} s to go` };
}
