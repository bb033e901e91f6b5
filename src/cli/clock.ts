import type { Clock } from "../ports/clock.ts";

/** CLOCK_MONOTONIC in whole microseconds: the same clock in every process of one machine. */
export function monotonicUs(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

/** setTimeout counts in 32 bits; longer waits go in hops. */
const HOP_MS = 2 ** 31 - 1;

/** The run's clock; it starts at `startUs` on CLOCK_MONOTONIC. */
export function realClock(startUs: number): Clock {
  const nowUs = (): number => monotonicUs() - startUs;
  const nowMs = (): number => nowUs() / 1_000;
  return {
    nowUs,
    nowMs,
    until: (atMs, signal) => waitUntil(atMs, nowMs, signal),
    deadline: (forMs, parent) => {
      const own = AbortSignal.timeout(Math.min(Math.max(0, Math.ceil(forMs)), HOP_MS));
      return parent ? AbortSignal.any([own, parent]) : own;
    },
  };
}

async function waitUntil(atMs: number, nowMs: () => number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  for (let leftMs = atMs - nowMs(); leftMs > 0; leftMs = atMs - nowMs()) {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(done, Math.min(leftMs, HOP_MS));
      const stop = (): void => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      };
      function done(): void {
        signal.removeEventListener("abort", stop);
        resolve();
      }
      signal.addEventListener("abort", stop, { once: true });
    });
  }
}
