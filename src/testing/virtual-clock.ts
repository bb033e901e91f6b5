import type { Ms, Us } from "../model/quantity.ts";
import type { Clock } from "../ports/clock.ts";

interface Sleeper {
  readonly atMs: Ms;
  readonly order: number;
  readonly wake: () => void;
}

/** Hours in an instant: time passes only when everything waits. */
export class VirtualClock implements Clock {
  #nowMs = 0;
  #order = 0;
  #sleepers: Sleeper[] = [];

  nowMs(): Ms {
    return this.#nowMs;
  }

  nowUs(): Us {
    return Math.round(this.#nowMs * 1_000);
  }

  until(atMs: Ms, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        forget();
        reject(signal.reason as Error);
      };
      if (signal.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const forget = this.at(atMs, () => {
        signal.removeEventListener("abort", stop);
        resolve();
      });
      signal.addEventListener("abort", stop, { once: true });
    });
  }

  deadline(forMs: Ms, parent?: AbortSignal): AbortSignal {
    const own = new AbortController();
    const stop = (): void => own.abort(parent?.reason);
    if (parent?.aborted) stop();
    parent?.addEventListener("abort", stop, { once: true });
    this.at(this.#nowMs + forMs, () => {
      parent?.removeEventListener("abort", stop);
      own.abort(new Error(`${forMs} ms are over`));
    });
    return own.signal;
  }

  /**
   * Calls `wake` at that instant; returns how to call it off. An instant at infinity never comes.
   */
  at(atMs: Ms, wake: () => void): () => void {
    if (atMs === Infinity) return () => {};
    const sleeper = { atMs: Math.max(atMs, this.#nowMs), order: this.#order++, wake };
    this.#sleepers.push(sleeper);
    return () => {
      this.#sleepers = this.#sleepers.filter((one) => one !== sleeper);
    };
  }

  /** Goes to the next instant that something waits for; false: nothing does. */
  tick(): boolean {
    const [next] = this.#sleepers.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
    if (!next) return false;
    this.#sleepers.shift();
    this.#nowMs = next.atMs;
    next.wake();
    return true;
  }

  /** Lets time pass until `work` has ended; throws when that takes until `limitMs` of the clock. */
  async drive<T>(work: Promise<T>, limitMs: Ms = Infinity): Promise<T> {
    let ended = false;
    const done = (): void => {
      ended = true;
    };
    work.then(done, done);
    for (await settle(); !ended; await settle()) {
      if (this.#nowMs >= limitMs || !this.tick()) {
        throw new Error(`still waiting at ${this.#nowMs} ms`);
      }
    }
    return work;
  }
}

/** Resolves once all promises that can go on without time have gone on. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
