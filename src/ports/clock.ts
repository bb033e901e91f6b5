import type { Ms, Us } from "../model/quantity.ts";

/** The run's one monotonic clock. Virtual in tests. */
export interface Clock {
  /** Since the start of the run. */
  nowMs(): Ms;
  /** Whole microseconds since the start of the run. */
  nowUs(): Us;
  /** Resolves at that instant; rejects with the signal's reason when it aborts first. */
  until(atMs: Ms, signal: AbortSignal): Promise<void>;
  /** Aborts after `forMs`, or with `parent`. */
  deadline(forMs: Ms, parent?: AbortSignal): AbortSignal;
}
