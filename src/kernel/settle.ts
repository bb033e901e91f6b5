import { held } from "../measure/settled.ts";
import type { Plan } from "../model/plan.ts";
import type { Us } from "../model/quantity.ts";
import type { Request } from "../model/request.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";

const REQUESTS_MAX = 500_000;
/** Kept from before the first inject: what recovery is compared with. */
const BEFORE_US = 70_000_000;
const POLL_MS = 1_000;

/** The requests since shortly before the first inject, at most half a million: the latest. */
export class RequestWindow {
  #requests: Request[] = [];
  /** Of the oldest request that counts; null: nothing was injected yet. */
  #fromUs: Us | null = null;
  #pruneAt = 10_000;

  add(request: Request): void {
    this.#requests.push(request);
    if (this.#requests.length < this.#pruneAt) return;
    const fromUs = this.#fromUs ?? request.intendedUs - BEFORE_US;
    this.#requests = this.#requests.filter((one) => one.intendedUs >= fromUs).slice(-REQUESTS_MAX);
    // Twice what is left: each request is looked at a bounded number of times.
    this.#pruneAt = Math.max(10_000, Math.min(2 * this.#requests.length, 2 * REQUESTS_MAX));
  }

  /** From now on nothing younger than this is let go. */
  injected(atUs: Us): void {
    this.#fromUs ??= atUs - BEFORE_US;
  }

  all(): readonly Request[] {
    return this.#requests.slice(-REQUESTS_MAX);
  }
}

/** Resolves when every clock has held, or when the signal says that it was long enough. */
export async function settle(
  plan: Plan,
  of: {
    readonly clock: Clock;
    readonly log: Log;
    readonly requests: RequestWindow;
    readonly tell: (what: string) => void;
  },
  signal: AbortSignal,
): Promise<void> {
  const { clock, log } = of;
  while (!signal.aborted) {
    const events = log.events();
    const { done, why } = held({ plan, events, requests: of.requests.all(), nowUs: clock.nowUs() });
    of.tell(why);
    if (done) return;
    await clock.until(clock.nowMs() + POLL_MS, signal).catch(() => {});
  }
}
