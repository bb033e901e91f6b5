import type { Us } from "../model/quantity.ts";

/** The requests of one scenario that can be judged, by intended start: what estimators read. */
export interface Signal {
  /** Ascending. */
  readonly timesUs: Float64Array;
  /** 1: bad. */
  readonly bad: Uint8Array;
  /** Bad ones before each index; one longer than the others. */
  readonly badBefore: Uint32Array;
}

/** `timesUs` must ascend. */
export function signalOf(timesUs: ArrayLike<Us>, bad: ArrayLike<number>): Signal {
  const badBefore = new Uint32Array(timesUs.length + 1);
  for (let i = 0; i < timesUs.length; i += 1) badBefore[i + 1] = badBefore[i]! + bad[i]!;
  return { timesUs: new Float64Array(timesUs), bad: new Uint8Array(bad), badBefore };
}

/** How many intended starts lie before `atUs`. */
export function indexAt(signal: Signal, atUs: Us): number {
  let low = 0;
  let high = signal.timesUs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (signal.timesUs[middle]! < atUs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Those of [fromUs, untilUs). */
export function slice(signal: Signal, fromUs: Us, untilUs: Us): Signal {
  const from = indexAt(signal, fromUs);
  const until = Math.max(from, indexAt(signal, untilUs));
  return signalOf(signal.timesUs.subarray(from, until), signal.bad.subarray(from, until));
}

/** Time runs backwards: what ended begins. */
export function mirrored(signal: Signal): Signal {
  const timesUs = signal.timesUs.map((time) => -time).reverse();
  return signalOf(timesUs, signal.bad.slice().reverse());
}

/** How bad requests come where nothing is wrong. */
export interface Calm {
  readonly bad: number;
  readonly n: number;
  /** Bad ones right after a bad one. */
  readonly again: number;
}

/** Bad ones, all, and how often bad ones came together. */
export function calmOf({ bad, badBefore }: Signal): Calm {
  let again = 0;
  for (let at = 1; at < bad.length; at += 1) again += bad[at]! * bad[at - 1]!;
  return { bad: badBefore.at(-1)!, n: bad.length, again };
}

/** Bad ones and all. */
export function badOf(signal: Signal): { readonly bad: number; readonly n: number } {
  return { bad: signal.badBefore.at(-1)!, n: signal.timesUs.length };
}
