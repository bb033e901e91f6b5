/**
 * Runs `work` under a signal that aborts after `limitMs` or with `parent`. Rejects with the reason
 * of the parent when that came first, with `late()` when the time did; leaves no timer or listener.
 * Not `AbortSignal.any`: a parent that lives for the whole run would collect its dependants.
 */
export async function withinMs<T>(
  limitMs: number,
  parent: AbortSignal | undefined,
  late: () => Error,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  parent?.throwIfAborted();
  const own = new AbortController();
  const abort = (): void => own.abort(parent?.reason);
  const timer = setTimeout(() => own.abort(late()), limitMs);
  parent?.addEventListener("abort", abort, { once: true });
  try {
    return await work(own.signal);
  } catch (error) {
    throw own.signal.aborted ? own.signal.reason : error;
  } finally {
    clearTimeout(timer);
    parent?.removeEventListener("abort", abort);
  }
}

/** Resolves after `forMs` or as soon as the signal aborts, whichever is first; never rejects. */
export async function pause(forMs: number, signal: AbortSignal | undefined): Promise<void> {
  if (signal?.aborted === true) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, forMs);
    signal?.addEventListener("abort", done, { once: true });
  });
}
