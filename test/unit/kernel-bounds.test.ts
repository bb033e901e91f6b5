import { describe, expect, test } from "vitest";
import type { Effect, Held } from "../../src/model/effect.ts";
import type { Injector } from "../../src/ports/injector.ts";
import { bounded, createCrew, within } from "../../src/kernel/crew.ts";
import { createHolders } from "../../src/kernel/holders.ts";
import { RequestWindow } from "../../src/kernel/settle.ts";
import { FakeInjector } from "../../src/testing/fakes.ts";
import { settle, VirtualClock } from "../../src/testing/virtual-clock.ts";

const { signal } = new AbortController();
const deaf = async (): Promise<never> => new Promise<never>(() => {});

describe("work has a bound", () => {
  test("also when it is deaf to its signal", async () => {
    const clock = new VirtualClock();
    const waiting = bounded(clock, { what: "it", forMs: 5_000 }, deaf);
    await expect(clock.drive(waiting)).rejects.toThrow("it must end within 5 s, it did not");
    expect(clock.nowMs()).toBe(5_000);
  });

  test("and the reason of who stops it goes before its own", async () => {
    const stop = new AbortController();
    const clock = new VirtualClock();
    clock.at(1_000, () => stop.abort(new Error("Ctrl-C")));
    const waiting = bounded(clock, { what: "it", forMs: 5_000, parent: stop.signal }, deaf);
    await expect(clock.drive(waiting)).rejects.toThrow("Ctrl-C");
    await expect(within(stop.signal, deaf())).rejects.toThrow("Ctrl-C");
  });

  test("a crew ends though one of its tasks does not", async () => {
    const clock = new VirtualClock();
    const crew = createCrew(clock, signal);
    let ended = 0;
    crew.spawn(deaf);
    crew.spawn(async (life) => clock.until(Infinity, life).finally(() => (ended += 1)));
    await clock.drive(crew.end(9_000));
    expect([ended, clock.nowMs()]).toEqual([1, 9_000]);
  });

  test("one task that throws ends the others, with its reason", async () => {
    const clock = new VirtualClock();
    const crew = createCrew(clock, signal);
    crew.spawn(async () => Promise.reject(new Error("load died")));
    await settle();
    expect(crew.signal.reason).toMatchObject({ message: "load died" });
  });
});

test("requests are kept from before the first inject on, and never too many", () => {
  const window = new RequestWindow();
  const add = (fromS: number, untilS: number, perS: number): void => {
    for (let nth = fromS * perS; nth < untilS * perS; nth += 1) {
      const intendedUs = Math.round((nth * 1_000_000) / perS);
      window.add({
        id: nth,
        scenario: "new",
        intendedUs,
        attempts: 1,
        outcome: "dropped",
      });
    }
  };
  add(0, 600, 100);
  expect(window.all().length).toBeLessThan(20_000);
  window.injected(600_000_000);
  window.injected(700_000_000);
  add(600, 900, 100);
  const first = window.all()[0]?.intendedUs ?? 0;
  expect(first).toBeLessThanOrEqual(530_000_000);
  expect(window.all().filter(({ intendedUs }) => intendedUs >= 530_000_000)).toHaveLength(37_000);
  add(900, 16_000, 100);
  expect(window.all().length).toBeLessThanOrEqual(500_000);
  expect(window.all().at(-1)?.id).toBe(1_599_999);
});

describe("all injectors as one", () => {
  const clock = new VirtualClock();
  const power: Effect = { kind: "power", node: "n1" };
  const stop: Effect = { kind: "component-stop", component: "etcd" };
  const only = (kind: Effect["kind"]): FakeInjector =>
    new FakeInjector(clock, {
      accepts: (effect) => (effect.kind === kind ? { means: kind } : { refused: `not ${kind}` }),
    });
  const held = (id: string, effect: Effect): Held => ({ id, effect });
  const lease = { leaseMs: 1, deadlineMs: 1 };

  test("hold what one of them accepts", async () => {
    const [first, second] = [only("power"), only("component-stop")];
    const holders = createHolders([first, second]);
    expect(holders.accepts(stop)).toEqual({ means: "component-stop" });
    await clock.drive(holders.start(held("a", power), lease, signal));
    await clock.drive(holders.start(held("b", stop), lease, signal));
    expect([[...first.held.keys()], [...second.held.keys()]]).toEqual([["a"], ["b"]]);
    expect((await holders.list(signal)).map((one) => one.held.id)).toEqual(["a", "b"]);
  });

  test("say why nobody does", async () => {
    const holders = createHolders([only("component-stop")]);
    expect(holders.accepts(power)).toEqual({ refused: "fake: not component-stop" });
    await expect(holders.stop(held("a", power), signal)).rejects.toThrow(
      "nobody can hold power: fake: not component-stop",
    );
    expect(createHolders([]).accepts(power)).toEqual({ refused: "there is no injector" });
  });

  test("tell what is lost from what could not be asked about", async () => {
    const [first, second] = [only("power"), only("component-stop")];
    const broken: Injector = {
      name: "broken",
      accepts: (effect) => second.accepts(effect),
      start: async (...of) => second.start(...of),
      stop: async (...of) => second.stop(...of),
      list: async () => second.list(),
      renew: async () => Promise.reject(new Error("no way there")),
    };
    const holders = createHolders([first, broken]);
    await clock.drive(holders.start(held("a", power), lease, signal));
    const all = [held("a", power), held("gone", power), held("b", stop)];
    expect(await clock.drive(holders.renew(all, signal))).toEqual({ held: ["a"], lost: ["gone"] });
  });
});
