import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { Effect, Held, Lease } from "../model/effect.ts";
import type { Us } from "../model/quantity.ts";
import type { Injector } from "../ports/injector.ts";

/** An injector with a real holder behind it and eyes of the test's own on what it does. */
export interface InjectorBench {
  readonly injector: Injector;
  /** A held effect that it accepts; `nth` 0 or 1: two that are apart from each other. */
  readonly effect: (nth: 0 | 1) => Effect;
  /** One that it must refuse. */
  readonly foreign: Effect;
  /** Whether the effect is there now, by another way than the injector. */
  readonly isThere: (effect: Effect) => boolean | Promise<boolean>;
  /** The run's clock, by which stamps are judged. */
  readonly nowUs: () => Us;
  /** What may break; each resolves once it is broken. The holder is started again by someone. */
  readonly breaks: {
    readonly holder: () => Promise<void>;
    readonly carrierOf: (effect: Effect) => Promise<void>;
    /** The holder does nothing more until what this resolves with is called. */
    readonly freeze: () => Promise<() => void>;
    /** Holder and all carriers at the same moment. */
    readonly all: () => Promise<void>;
  };
  readonly close: () => Promise<void>;
}

const LONG: Lease = { leaseMs: 20_000, deadlineMs: 60_000 };
const WITHIN_MS = 15_000;

/** What every injector must do, whatever it holds and by whatever way it is asked. */
export function injectorContract(name: string, make: () => Promise<InjectorBench>): void {
  describe(`${name} as an injector`, () => {
    let bench: InjectorBench;
    let ids = 0;
    const signal = (): AbortSignal => AbortSignal.timeout(WITHIN_MS);
    const held = (nth: 0 | 1 = 0): Held => {
      ids += 1;
      return { id: `run-1/f${ids}.0`, effect: bench.effect(nth) };
    };
    const becomes = async (what: string, is: () => Promise<boolean>): Promise<void> => {
      const untilMs = performance.now() + WITHIN_MS;
      while (!(await is())) {
        if (performance.now() > untilMs) throw new Error(`never: ${what}`);
        await sleep(10);
      }
    };
    const isThere = async (one: Held): Promise<boolean> => bench.isThere(one.effect);
    const gone = (one: Held): Promise<void> => becomes("gone", async () => !(await isThere(one)));
    const listed = async (): Promise<readonly string[]> =>
      (await bench.injector.list(signal())).map((one) => one.held.id);

    beforeEach(async () => {
      bench = await make();
    });
    afterEach(async () => bench.close());

    test("says how it would hold an effect, and why not another", () => {
      expect(bench.injector.accepts(bench.effect(0))).toHaveProperty("means");
      expect(bench.injector.accepts(bench.foreign)).toHaveProperty("refused");
    });

    test("starts, lists and stops, with a stamp from in between", async () => {
      const one = held();
      expect(await isThere(one)).toBe(false);
      const askedUs = bench.nowUs();
      const stampUs = await bench.injector.start(one, LONG, signal());
      expect(await isThere(one)).toBe(true);
      expect(stampUs).toBeGreaterThanOrEqual(askedUs);
      expect(stampUs).toBeLessThanOrEqual(bench.nowUs());
      const [now, ...others] = await bench.injector.list(signal());
      expect(others).toEqual([]);
      expect(now?.held).toEqual(one);
      expect(now?.leaseEndsUs).toBeGreaterThan(stampUs);
      expect(now?.deadlineUs).toBeGreaterThan(now?.leaseEndsUs ?? Infinity);
      await bench.injector.stop(one, signal());
      expect(await isThere(one)).toBe(false);
      expect(await listed()).toEqual([]);
    });

    test("stops twice, and without any start", async () => {
      const one = held();
      await bench.injector.stop(one, signal());
      const two = held();
      await bench.injector.start(two, LONG, signal());
      await bench.injector.stop(two, signal());
      await bench.injector.stop(two, signal());
      expect(await isThere(two)).toBe(false);
    });

    test("a stop of one leaves the other", async () => {
      const [one, two] = [held(0), held(1)];
      await bench.injector.start(one, LONG, signal());
      await bench.injector.start(two, LONG, signal());
      await bench.injector.stop(one, signal());
      expect([await isThere(one), await isThere(two)]).toEqual([false, true]);
      expect(await bench.injector.renew([one.id, two.id], signal())).toEqual([two.id]);
    });

    test("refuses a start that comes after its stop", async () => {
      const one = held();
      await bench.injector.stop(one, signal());
      await expect(bench.injector.start(one, LONG, signal())).rejects.toThrow("ended");
      expect(await isThere(one)).toBe(false);
    });

    test("a stop that comes together with its start wins", async () => {
      const one = held();
      const start = bench.injector.start(one, LONG, signal()).catch(() => 0);
      await bench.injector.stop(one, signal());
      await start;
      expect(await isThere(one)).toBe(false);
      expect(await listed()).toEqual([]);
    });

    test("starting again what is held changes nothing", async () => {
      const one = held();
      const stampUs = await bench.injector.start(one, LONG, signal());
      expect(await bench.injector.start(one, LONG, signal())).toBe(stampUs);
      expect(await listed()).toEqual([one.id]);
    });

    test.each([0, 5, 30])(
      "a start aborted after %i ms can be stopped, for good",
      async (afterMs) => {
        await bench.injector.list(signal());
        const one = held();
        const abort = new AbortController();
        const start = bench.injector.start(one, LONG, abort.signal);
        const aborted = expect(start).rejects.toThrow("the run's own end");
        await sleep(afterMs);
        abort.abort(new Error("the run's own end"));
        await aborted;
        await bench.injector.stop(one, signal());
        expect(await isThere(one)).toBe(false);
        await expect(bench.injector.start(one, LONG, signal())).rejects.toThrow("ended");
      },
    );

    test("ends by itself when its lease runs out, and says so", async () => {
      const one = held();
      const stampUs = await bench.injector.start(
        one,
        { leaseMs: 1_500, deadlineMs: 60_000 },
        signal(),
      );
      await gone(one);
      expect(bench.nowUs()).toBeGreaterThanOrEqual(stampUs);
      await becomes("not listed", async () => (await listed()).length === 0);
      expect(await bench.injector.renew([one.id], signal())).toEqual([]);
      await bench.injector.stop(one, signal());
    });

    test("ends by itself when its lease runs out while its holder is frozen", async () => {
      const one = held();
      await bench.injector.start(one, { leaseMs: 1_500, deadlineMs: 60_000 }, signal());
      const thaw = await bench.breaks.freeze();
      try {
        await gone(one);
      } finally {
        thaw();
      }
      await becomes("not listed", async () => (await listed()).length === 0);
    });

    test("lives on under renewal, and ends at its deadline all the same", async () => {
      const one = held();
      const lease: Lease = { leaseMs: 1_500, deadlineMs: 5_000 };
      const askedUs = bench.nowUs();
      await bench.injector.start(one, lease, signal());
      let aliveUs = askedUs;
      await becomes("lapsed", async () => {
        if (await isThere(one)) aliveUs = bench.nowUs();
        return (await bench.injector.renew([one.id], signal())).length === 0;
      });
      await gone(one);
      expect(aliveUs - askedUs).toBeGreaterThan(2 * lease.leaseMs * 1_000);
      expect(bench.nowUs() - askedUs).toBeGreaterThanOrEqual(lease.deadlineMs * 1_000);
    });

    test("outlives its holder, and the next holder knows, renews and stops it", async () => {
      const one = held();
      const stampUs = await bench.injector.start(one, LONG, signal());
      await bench.breaks.holder();
      expect(await isThere(one)).toBe(true);
      const [before] = await bench.injector.list(signal());
      expect(before).toMatchObject({ held: one, sinceUs: stampUs });
      expect(await bench.injector.renew([one.id], signal())).toEqual([one.id]);
      const [after] = await bench.injector.list(signal());
      expect(after?.leaseEndsUs).toBeGreaterThan(before?.leaseEndsUs ?? Infinity);
      expect(await isThere(one)).toBe(true);
      await bench.injector.stop(one, signal());
      expect(await isThere(one)).toBe(false);
      expect(await listed()).toEqual([]);
    });

    test("a start that was stopped is refused by the next holder too", async () => {
      const one = held();
      await bench.injector.stop(one, signal());
      await bench.breaks.holder();
      await expect(bench.injector.start(one, LONG, signal())).rejects.toThrow("ended");
    });

    test("is undone at once when its carrier dies, and has lapsed", async () => {
      const one = held();
      await bench.injector.start(one, LONG, signal());
      const fromMs = performance.now();
      await bench.breaks.carrierOf(one.effect);
      await gone(one);
      expect(performance.now() - fromMs).toBeLessThan(LONG.leaseMs / 2);
      // What the kernel ends with its carrier is gone a moment before the holder is told.
      await becomes("lapsed", async () => {
        return (await bench.injector.renew([one.id], signal())).length === 0;
      });
    });

    test("is undone from the journal when holder and carrier die together", async () => {
      const [one, two] = [held(0), held(1)];
      await bench.injector.start(one, LONG, signal());
      await bench.injector.start(two, LONG, signal());
      const fromMs = performance.now();
      await bench.breaks.all();
      await gone(one);
      await gone(two);
      expect(performance.now() - fromMs).toBeLessThan(LONG.leaseMs / 2);
      await becomes("not listed", async () => (await listed()).length === 0);
      expect(await bench.injector.renew([one.id, two.id], signal())).toEqual([]);
    });
  });
}
