import { describe, expect, test } from "vitest";
import type { Event } from "../../src/model/event.ts";
import type { Episode, Measurement } from "../../src/model/measurement.ts";
import { made, withEvents } from "../property/measure-made.ts";
import {
  EFFECT_AFTER_US,
  faultsUs,
  podEvent,
  type Made,
  type MadeRecord,
} from "../property/measure-record.ts";

const S = 1_000_000;
const FAULTS = faultsUs({});

function only(measurement: Measurement): Episode {
  expect(measurement.episodes).toHaveLength(1);
  return measurement.episodes[0]!;
}

function edge(event: Event): string {
  return event.type === "fault" ? event.edge : "";
}

describe("an episode", () => {
  test("follows time and not the text of its lines", () => {
    // 9.9 s comes before 10 s, and after it as text.
    const early = withEvents((events) => [
      ...events,
      podEvent(9.9 * S, "server-b", { ready: false }),
      podEvent(10 * S, "server-b", {}),
    ]);
    expect(only(made({}, early)).capacity.class).toBe("RECOVERED");
  });

  test("with a stamp from before it was asked for is INVALID", () => {
    const early = withEvents((events) =>
      events.map((one) => ("stampUs" in one ? { ...one, stampUs: FAULTS - 2 * S } : one)),
    );
    expect(only(made({}, early)).capacity.class).toBe("INVALID");
  });

  test("has its clocks, from the stamp and not from the proof", () => {
    const { clocks } = only(made());
    expect(clocks["req"]).toMatchObject({ value: FAULTS + 10_000 });
    expect(clocks["inj"]).toMatchObject({
      value: FAULTS + EFFECT_AFTER_US,
      low: FAULTS + 10_000,
      high: FAULTS + EFFECT_AFTER_US,
    });
    expect(clocks["clr"]).toMatchObject({ value: FAULTS + 20 * S - 10_000 });
    expect(clocks["det:pod-not-ready"]).toMatchObject({ value: FAULTS + 1 * S });
    expect(clocks["full"]).toMatchObject({ value: FAULTS + 15 * S });
    for (const [name, atS] of [["imp", 1] as const, ["rec", 6] as const]) {
      const clock = clocks[name]!;
      if (clock.is !== "value") throw new Error(`${name} is ${clock.is}`);
      expect(Math.abs(clock.value - FAULTS - atS * S)).toBeLessThan(50_000);
    }
  });

  test("of which the proof came 30 s later has the same clocks and lanes", () => {
    const later = withEvents((events) =>
      events.map((event) =>
        event.type === "fault" && event.edge === "proved"
          ? { ...event, atUs: event.atUs + 30 * S, lookedUs: event.lookedUs + 30 * S }
          : event,
      ),
    );
    expect(made({}, later).episodes).toEqual(made().episodes);
  });

  test("counts recovery from the stamp, with the bracket of the effect in its interval", () => {
    const { recovery } = only(made()).service["new"]!;
    if (recovery.is !== "value") throw new Error("no value");
    const truth = 6_000 - EFFECT_AFTER_US / 1_000;
    expect(Math.abs(recovery.value - truth)).toBeLessThan(50);
    expect(recovery.low).toBeLessThanOrEqual(truth);
    expect(recovery.high).toBeGreaterThanOrEqual(6_000 - 10);
  });

  test("counts what was lost above the steady share", () => {
    const { lost, outageMs, budget } = only(made({ background: 0 }));
    expect(lost).toMatchObject({ is: "value", value: 200, high: 200 });
    if (outageMs.is !== "value" || budget.is !== "value") throw new Error("no value");
    expect(outageMs.value / 5_000).toBeCloseTo(1, 1);
    // 5 s of nothing, of the 25,920 s that 99 % may be bad in 30 days.
    expect(budget.value / (5 / 25_920)).toBeCloseTo(1, 1);
  });

  test("is cut into segments that add up to the recovery", () => {
    const { waterfall, recovery } = only(made()).capacity;
    const sum = waterfall.reduce(
      (all, { took }) => all + (took.is === "value" ? took.value : 0),
      0,
    );
    expect(waterfall.at(0)?.from).toBe("inj");
    expect(waterfall.at(-1)?.to).toBe("full");
    expect(recovery).toMatchObject({ value: sum });
  });

  test("takes a cause from a prediction between the same clocks", () => {
    const cause = {
      object: "deployment/server",
      setting: "periodSeconds",
      value: 1,
      predicted: { lowMs: 0, highMs: 1_000 },
    };
    const took = { is: "absent", unit: "ms", why: "not yet" } as const;
    const prediction: Event = {
      atUs: FAULTS - S,
      type: "prediction",
      segments: [{ from: "inj", to: "det:pod-not-ready", took, cause }],
    };
    const { waterfall } = only(
      made(
        {},
        withEvents((events) => [...events, prediction]),
      ),
    ).capacity;
    expect(waterfall[0]!.cause).toEqual(cause);
    expect(waterfall[1]!.cause).toBeNull();
  });
});

describe("classes of service", () => {
  const classOf = (of: Made, change?: (record: MadeRecord) => MadeRecord): string =>
    only(made(of, change)).service["new"]!.class;

  test("MASKED: nobody was hurt, as far as can be told", () => {
    const { service, clocks } = only(made({ outages: [] }));
    expect(service["new"]).toMatchObject({ class: "MASKED", recovery: { value: 0, low: 0 } });
    const { recovery } = service["new"]!;
    expect(recovery.is === "value" && recovery.high).toBeGreaterThan(3_000 / 20);
    expect(clocks["rec"]).toMatchObject({ is: "absent" });
  });

  test("UNRECOVERED: bad at the end while the fault is there, or not good for long enough", () => {
    const unhealed = withEvents((events) => events.filter((one) => !edge(one).startsWith("heal")));
    expect(classOf({ outages: [{ fromS: 1, untilS: 99, share: 1 }] }, unhealed)).toBe(
      "UNRECOVERED",
    );
    const late = only(made({ outages: [{ fromS: 1, untilS: 50, share: 1 }] })).service["new"]!;
    expect(late.class).toBe("UNRECOVERED");
    expect(late.recovery.is).toBe("beyond");
    expect(late.note).toContain("must be 15 s");
  });

  test("METASTABLE: the fault is gone and it is still bad", () => {
    const lane = only(made({ outages: [{ fromS: 1, untilS: 99, share: 0.5 }] })).service["new"]!;
    expect(lane.class).toBe("METASTABLE");
    expect(lane.recovery).toMatchObject({ is: "beyond" });
    expect(lane.waterfall.at(-1)).toMatchObject({ to: "rec", took: { is: "beyond" } });
  });

  test("INVALID: a record that is cut, a bad steady phase, an effect without proof", () => {
    expect(classOf({}, (record) => ({ ...record, requestsEnd: null }))).toBe("INVALID");
    expect(classOf({ outages: [{ fromS: -20, untilS: -15, share: 1 }] })).toBe("INVALID");
    const unproved = withEvents((events) => events.filter((one) => edge(one) !== "proved"));
    expect(classOf({}, unproved)).toBe("INVALID");
    const { lost, capacity } = only(made({}, unproved));
    expect([lost.is, capacity.recovery.is]).toEqual(["absent", "absent"]);
  });

  test("scenarios are judged apart", () => {
    const hurtNew = (record: MadeRecord): MadeRecord => ({
      ...record,
      requests: record.requests.map((one) =>
        one.scenario === "reused" && one.outcome === "refused"
          ? {
              ...one,
              outcome: "ok",
              connection: "reused",
              firstByteUs: one.endUs,
              status: 200,
              backend: "b",
            }
          : one,
      ),
    });
    const { service, clocks } = only(made({}, hurtNew));
    expect([service["new"]!.class, service["reused"]!.class]).toEqual(["RECOVERED", "MASKED"]);
    expect(clocks["rec"]!.is).toBe("value");
  });
});

describe("capacity", () => {
  const pods = (...more: Event[]) => withEvents((events) => [...events, ...more]);

  test("never short is MASKED; gone at the end is not back", () => {
    expect(only(made({ podAwayS: null })).capacity).toMatchObject({
      class: "MASKED",
      recovery: { value: 0, high: 0 },
    });
    const gone = pods(podEvent(FAULTS + 18 * S, "server-b", { gone: true, ready: false }));
    expect(only(made({}, gone)).capacity).toMatchObject({
      class: "METASTABLE",
      recovery: { is: "beyond" },
    });
  });

  test("a pod with an Unhealthy device, one that ends, one on a lost node are not capacity", () => {
    const sick = { devices: [{ id: "GPU-n1-0", health: "Unhealthy" }] };
    for (const change of [sick, { terminating: true }]) {
      const { capacity, clocks } = only(
        made(
          { podAwayS: null },
          pods(
            podEvent(FAULTS + 2 * S, "server-b", change),
            podEvent(FAULTS + 9 * S, "server-b", {}),
          ),
        ),
      );
      expect(capacity).toMatchObject({ class: "RECOVERED" });
      expect(clocks["full"]).toMatchObject({ value: FAULTS + 9 * S });
    }
    const node = (atUs: number, ready: boolean): Event => ({
      atUs,
      type: "cluster",
      object: "node/n2",
      change: "ready",
      notBeforeUs: atUs - 1_000,
      detail: { ready, gpusAllocatable: ready ? 2 : 0, gpusCapacity: 2 },
    });
    const lost = [node(S, true), node(FAULTS + 3 * S, false), node(FAULTS + 12 * S, true)];
    const { clocks } = only(made({ podAwayS: null }, pods(...lost)));
    expect(clocks["full"]).toMatchObject({ value: FAULTS + 12 * S });
    expect(clocks["det:node-not-ready"]).toMatchObject({ value: FAULTS + 3 * S });
    expect(clocks["det:allocatable"]).toMatchObject({ value: FAULTS + 3 * S });
  });

  test("a change first seen after a gap of the watch carries the gap", () => {
    const late = withEvents((events) =>
      events.map((event) =>
        event.type === "cluster" && event.atUs === FAULTS + 15 * S
          ? { ...event, notBeforeUs: FAULTS + 8 * S }
          : event,
      ),
    );
    const { recovery } = only(made({}, late)).capacity;
    expect(recovery).toMatchObject({ low: 8_000 - EFFECT_AFTER_US / 1_000 });
  });

  test("a dip may hide in a gap", () => {
    const gap: Event = {
      atUs: FAULTS + 7 * S,
      type: "cluster",
      object: "watch/pods",
      change: "gap",
      notBeforeUs: FAULTS + 2 * S,
      detail: { why: "idle" },
    };
    const { recovery } = only(made({ podAwayS: null }, pods(gap))).capacity;
    expect(recovery).toMatchObject({ value: 0, high: 7_000 - 10 });
  });

  test("of which nothing was seen, or that was short before, is INVALID", () => {
    const blind = withEvents((events) => events.filter(({ type }) => type !== "cluster"));
    expect(only(made({}, blind)).capacity.class).toBe("INVALID");
    const scales = (record: MadeRecord): MadeRecord => ({
      ...blind(record),
      plan: { ...record.plan, stack: record.plan.stack.map((one) => ({ ...one, replicas: null })) },
    });
    expect(only(made({}, scales)).capacity.class).toBe("INVALID");
    const short = pods(podEvent(FAULTS - 5 * S, "server-b", { ready: false }));
    expect(only(made({}, short)).capacity.class).toBe("INVALID");
  });
});

describe("several faults", () => {
  function twice(secondAtS: number): Measurement {
    const shift = secondAtS * S;
    return made({ faultS: 60, observeS: 40 }, (record) => {
      const edges = record.events.filter(({ type }) => type === "fault");
      const moved = (one: Event, byUs: number): Event => {
        const later = { ...one, atUs: one.atUs + byUs } as Event;
        if ("lookedUs" in later) return { ...later, lookedUs: later.lookedUs + byUs };
        return "stampUs" in later ? { ...later, stampUs: later.stampUs + byUs } : later;
      };
      const first = edges.map((one) => (edge(one).startsWith("heal") ? moved(one, -55 * S) : one));
      const second = first.map((one) => ({ ...moved(one, shift), id: "f02" }) as Event);
      const step = { ...record.plan.steps[0]!, healMs: 5_000 };
      return {
        ...record,
        plan: { ...record.plan, steps: [step, { ...step, id: "f02" }] },
        events: [...record.events.filter(({ type }) => type !== "fault"), ...first, ...second],
      };
    });
  }

  test("that overlap are one episode, that are far apart are two", () => {
    expect(twice(2).episodes.map(({ steps }) => steps)).toEqual([["f01", "f02"]]);
    const apart = twice(40).episodes;
    expect(apart.map(({ steps }) => steps)).toEqual([["f01"], ["f02"]]);
    expect(apart[0]!.untilUs).toBe(apart[1]!.fromUs);
    expect(apart[0]!.service["new"]!.class).toBe("RECOVERED");
    expect(apart[1]!.service["new"]!.class).toBe("MASKED");
  });
});
