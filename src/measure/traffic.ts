import type { Slo } from "../model/plan.ts";
import type { Us } from "../model/quantity.ts";
import { isGood, type Request } from "../model/request.ts";
import { signalOf, type Signal } from "./signal.ts";

/** One scenario: its requests by intended start, and which of them were good. */
export interface Traffic {
  readonly name: string;
  readonly connection: "new" | "reused";
  readonly requests: readonly Request[];
  /** 1 good, 0 bad, 2 nobody can know. */
  readonly good: Uint8Array;
  /** Those that can be judged. */
  readonly signal: Signal;
}

/** `untilUs`: when it was last known which requests were still open. */
export function trafficOf(
  scenario: { readonly name: string; readonly connection: "new" | "reused" },
  requests: readonly Request[],
  { slo, untilUs }: { readonly slo: Slo; readonly untilUs: Us },
): Traffic {
  const good = new Uint8Array(requests.length);
  const timesUs: number[] = [];
  const bad: number[] = [];
  for (const [i, request] of requests.entries()) {
    const known = isGood(request, slo, untilUs);
    good[i] = known === null ? 2 : known ? 1 : 0;
    if (known === null) continue;
    timesUs.push(request.intendedUs);
    bad.push(known ? 0 : 1);
  }
  return { ...scenario, requests, good, signal: signalOf(timesUs, bad) };
}

/** Indices [from, until) of the requests that were intended in [fromUs, untilUs). */
export function within(
  requests: readonly Request[],
  fromUs: Us,
  untilUs: Us,
): { readonly from: number; readonly until: number } {
  const from = firstAt(requests, fromUs);
  return { from, until: Math.max(from, firstAt(requests, untilUs)) };
}

function firstAt(requests: readonly Request[], atUs: Us): number {
  let low = 0;
  let high = requests.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (requests[middle]!.intendedUs < atUs) low = middle + 1;
    else high = middle;
  }
  return low;
}
