import type { Slo } from "../model/plan.ts";
import type { Us } from "../model/quantity.ts";
import { isGood } from "../model/request.ts";
import type { Columns } from "./columns.ts";
import { signalOf, type Signal } from "./signal.ts";

/** One scenario: its requests by intended start, and which of them were good. */
export interface Traffic {
  readonly name: string;
  readonly connection: "new" | "reused";
  readonly requests: Columns;
  /** 1 good, 0 bad, 2 nobody can know. */
  readonly good: Uint8Array;
  /** Those that can be judged. */
  readonly signal: Signal;
}

/** `untilUs`: when it was last known which requests were still open. */
export function trafficOf(
  scenario: { readonly name: string; readonly connection: "new" | "reused" },
  requests: Columns,
  { slo, untilUs }: { readonly slo: Slo; readonly untilUs: Us },
): Traffic {
  const { length, intendedUs, endUs } = requests;
  const good = new Uint8Array(length);
  const timesUs = new Float64Array(length);
  const bad = new Uint8Array(length);
  let judged = 0;
  for (let i = 0; i < length; i += 1) {
    const request = {
      outcome: requests.outcome(i),
      intendedUs: intendedUs[i]!,
      endUs: endUs[i]!,
    };
    const known = isGood(request, slo, untilUs);
    good[i] = known === null ? 2 : known ? 1 : 0;
    if (known === null) continue;
    timesUs[judged] = request.intendedUs;
    bad[judged] = known ? 0 : 1;
    judged += 1;
  }
  const signal = signalOf(timesUs.subarray(0, judged), bad.subarray(0, judged));
  return { ...scenario, requests, good, signal };
}

/** Indices [from, until) of the requests that were intended in [fromUs, untilUs). */
export function within(
  requests: Columns,
  fromUs: Us,
  untilUs: Us,
): { readonly from: number; readonly until: number } {
  const from = firstAt(requests, fromUs);
  return { from, until: Math.max(from, firstAt(requests, untilUs)) };
}

function firstAt(requests: Columns, atUs: Us): number {
  let low = 0;
  let high = requests.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (requests.intendedUs[middle]! < atUs) low = middle + 1;
    else high = middle;
  }
  return low;
}
