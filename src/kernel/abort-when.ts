import type { AbortWhen, Plan } from "../model/plan.ts";
import { showMs, type Ratio, type Us } from "../model/quantity.ts";
import { isGood, type Request } from "../model/request.ts";
import { showNumber } from "../model/show.ts";
import { ABORT_WHEN } from "../measure/completeness.ts";
import type { Clock } from "../ports/clock.ts";
import { RunAborted } from "./crew.ts";

const EVERY_MS = 1_000;
/** Counted in tenths of a second: what a look costs does not grow with the rate. */
const BUCKET_US = 100_000;
/** A share of fewer requests says nothing. */
const KNOWN_MIN = 20;
/** Requests are told when they ended, at most this much after. */
const TELLING_US = 1_000_000;

/** What of a scenario is known over the last `over`. */
export interface Share {
  readonly scenario: string;
  readonly good: number;
  readonly known: number;
}

/**
 * Ends the run once the share of good requests of a scenario, of those intended in the last `over`,
 * is below the limit. From warmup on, as soon as the load has gone on for `over`: what serves
 * nobody is not to be disturbed at all, and the slow first answers of a cold start are outweighed.
 */
export class AbortWatch {
  readonly #plan: Plan;
  readonly #when: AbortWhen;
  readonly #scenarios: ReadonlyMap<string, Counts>;

  constructor(plan: Plan, when: AbortWhen) {
    this.#plan = plan;
    this.#when = when;
    const periodUs = 1_000_000 / plan.load.rateRps;
    const names = plan.load.scenarios.map(({ name }) => name);
    this.#scenarios = new Map(names.map((name) => [name, new Counts(periodUs)]));
  }

  add(request: Request): void {
    // Whatever is told has ended, or the load has: there is no later.
    const good = isGood(request, this.#plan.slo, Infinity) === true;
    this.#scenarios.get(request.scenario)?.add(request.intendedUs, good);
  }

  /** Looks once a second; throws RunAborted `abort-when`, or what the signal says. */
  async run(clock: Clock, signal: AbortSignal): Promise<void> {
    for (;;) {
      await clock.until(clock.nowMs() + EVERY_MS, signal);
      const under = this.under(clock.nowUs());
      if (under) throw new RunAborted(ABORT_WHEN, this.#message(under));
    }
  }

  /** The worst scenario that is below the limit, or null. */
  under(nowUs: Us): Share | null {
    const { goodRatio, overMs } = this.#when;
    const openAfterUs = this.#plan.slo.withinMs * 1_000 + TELLING_US;
    const shares = [...this.#scenarios].flatMap(([scenario, counts]): readonly Share[] => {
      const seen = counts.over(nowUs, { overUs: overMs * 1_000, openAfterUs });
      return seen === null ? [] : [{ scenario, ...seen }];
    });
    const ratio = ({ good, known }: Share): Ratio => good / known;
    return (
      shares
        .filter((share) => share.known >= KNOWN_MIN && ratio(share) < goodRatio)
        .sort((a, b) => ratio(a) - ratio(b))[0] ?? null
    );
  }

  #message({ scenario, good, known }: Share): string {
    const { goodRatio, overMs } = this.#when;
    const percent = (of: Ratio): string => `${showNumber(of * 100)} %`;
    return (
      `abortWhen: good requests of scenario ${scenario} over ${showMs(overMs)} must be at least ` +
      `${percent(goodRatio)}, got ${percent(good / known)} (${good} of ${known})`
    );
  }
}

/** Requests of one scenario by when they were intended; forgets what is older than asked for. */
class Counts {
  readonly #periodUs: number;
  readonly #buckets = new Map<number, { told: number; good: number }>();
  #firstUs: Us | null = null;

  constructor(periodUs: number) {
    this.#periodUs = periodUs;
  }

  add(intendedUs: Us, good: boolean): void {
    this.#firstUs = Math.min(this.#firstUs ?? intendedUs, intendedUs);
    const at = Math.floor(intendedUs / BUCKET_US);
    const bucket = this.#buckets.get(at) ?? { told: 0, good: 0 };
    bucket.told += 1;
    if (good) bucket.good += 1;
    this.#buckets.set(at, bucket);
  }

  /** Null: the load has not gone on for so long. A tick that is overdue is open, and bad. */
  over(
    nowUs: Us,
    of: { readonly overUs: Us; readonly openAfterUs: Us },
  ): { readonly good: number; readonly known: number } | null {
    const sinceUs = nowUs - of.overUs;
    const firstUs = this.#firstUs;
    if (firstUs === null || firstUs > sinceUs) return null;
    const from = Math.ceil(sinceUs / BUCKET_US);
    const due = Math.max(from, Math.floor((nowUs - of.openAfterUs) / BUCKET_US));
    let [good, told, toldOfDue] = [0, 0, 0];
    for (const [at, bucket] of this.#buckets) {
      if (at < from) {
        this.#buckets.delete(at);
        continue;
      }
      told += bucket.told;
      good += bucket.good;
      if (at < due) toldOfDue += bucket.told;
    }
    const ticksBefore = (atUs: Us): number => Math.ceil((atUs - firstUs) / this.#periodUs);
    const ticks = ticksBefore(due * BUCKET_US) - ticksBefore(from * BUCKET_US);
    // One less: times are rounded.
    const open = Math.max(0, ticks - toldOfDue - 1);
    return { good, known: told + open };
  }
}
