import { setTimeout as sleep } from "node:timers/promises";
import { EXIT, NinetyError } from "../../model/error.ts";

/**
 * Asks until the answer is null, which means there is nothing left to wait for. Throws NinetyError
 * (exit 4) with the last answer after `withinMs`, and the signal's reason when it aborts.
 */
export async function waitUntil(
  what: string,
  missing: () => Promise<string | null>,
  options: { readonly withinMs: number; readonly everyMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const deadline = performance.now() + options.withinMs;
  for (;;) {
    options.signal.throwIfAborted();
    const answer = await missing();
    if (answer === null) return;
    if (performance.now() > deadline)
      throw new NinetyError(`${what}: not within ${options.withinMs / 1_000} s: ${answer}`, {
        exit: EXIT.preflight,
      });
    // An aborted sleep has a reason of its own: the signal's is told.
    await sleep(options.everyMs, undefined, { signal: options.signal }).catch(() => undefined);
  }
}

/**
 * Runs all at once and waits for all to end, also when one fails: then the others are told to stop,
 * and nothing of them goes on behind the caller's back. Throws the first failure.
 */
export async function allTogether(
  signal: AbortSignal,
  tasks: readonly ((signal: AbortSignal) => Promise<void>)[],
): Promise<void> {
  const first = new AbortController();
  const both = AbortSignal.any([signal, first.signal]);
  await Promise.allSettled(
    tasks.map(async (task) => {
      try {
        await task(both);
      } catch (error) {
        first.abort(error);
      }
    }),
  );
  first.signal.throwIfAborted();
}
