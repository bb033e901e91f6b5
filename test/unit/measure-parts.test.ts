import { describe, expect, test } from "vitest";
import { measure } from "../../src/measure/measure.ts";
import type { Event } from "../../src/model/event.ts";
import type { Measurement } from "../../src/model/measurement.ts";
import { made, withEvents } from "../property/measure-made.ts";
import { faultsUs, makeRecord, type Made, type MadeRecord } from "../property/measure-record.ts";

const S = 1_000_000;
const FAULTS = faultsUs({});

describe("the rest of a measurement", () => {
  test("steps say what became of them", () => {
    expect(made().steps[0]).toMatchObject({
      injected: true,
      proved: "proved",
      healed: "healed",
      healProved: "proved",
      lapsed: false,
      late: { value: 10 },
      injectTook: { value: 30 },
    });
    const failed = withEvents((events) =>
      events.map((one) =>
        one.type === "fault" && one.edge === "heal-end"
          ? { atUs: one.atUs, type: "fault", id: one.id, edge: "heal-failed", message: "no" }
          : one,
      ),
    );
    expect(made({}, failed).steps[0]!.healed).toBe("failed");
  });

  test("failed requests are infinitely slow in quantiles", () => {
    const { latency, outcomes } = made().scenarios[0]!.phases.faults!;
    expect(outcomes).toMatchObject({ refused: 100 });
    expect([latency.p50.is, latency.p95.is, latency.p99.is]).toEqual(["value", "beyond", "beyond"]);
  });

  test("an open request is bad only once it is past its deadline", () => {
    const open = (last: number) => (record: MadeRecord) => ({
      ...record,
      requests: record.requests.map((one) => {
        const late = one.intendedUs > FAULTS + (60 - last) * S;
        if (one.scenario !== "new" || !late || one.outcome === "dropped") return one;
        const { id, scenario, intendedUs, attempts, startUs } = one;
        return { id, scenario, intendedUs, attempts, startUs, outcome: "open" as const };
      }),
    });
    const counts = made({ background: 0 }, open(1)).scenarios[0]!.phases.observe!;
    expect(counts.open).toBe(20);
    // Of the last second only what is older than 250 ms at the end can be called bad.
    if (counts.goodRatio.is !== "value") throw new Error("no value");
    expect(counts.goodRatio.n).toBe(counts.intended - 5);
  });

  test("the generator is measured against the plan", () => {
    const { generator } = made();
    expect(generator.planned).toMatchObject({ is: "value" });
    const reached =
      generator.offered.is === "value" && generator.planned.is === "value"
        ? generator.offered.value / generator.planned.value
        : 0;
    expect(reached).toBeCloseTo(1, 2);
    expect(generator.lateP99).toMatchObject({ is: "value" });
  });

  test("series have a value a second", () => {
    const { series } = made();
    const line = (metric: string) => series.find((one) => one.metric === metric)!.values;
    const outage = FAULTS / S + 3;
    expect(line("offered{scenario=new}")[outage]).toBe(20);
    expect(line("good_ratio{scenario=new}")[outage]).toBe(0);
    expect(line("p99_ms{scenario=new}")[outage]).toBeNull();
    expect(line("outcome{outcome=refused,scenario=new}")[outage]).toBe(20);
    expect(line("replicas_ready{part=server}").slice(outage - 4, outage)).toEqual([3, 3, 2, 2]);
  });

  test("samples become series, with the last value of each second", () => {
    const sample = (atUs: number, value: number) => ({
      atUs,
      metric: "gpus_healthy",
      value,
      tags: { node: "n1" },
    });
    const samples = [sample(2.9 * S, 1), sample(2.1 * S, 2), sample(4 * S, 2)];
    const { series } = measure({ ...makeRecord(), samples });
    const line = series.find(({ metric }) => metric === "gpus_healthy{node=n1}")!.values;
    expect(line.slice(0, 6)).toEqual([null, null, 1, null, 2, null]);
  });

  test("leftovers are told; without an end nobody looked", () => {
    expect(made().leftovers).toEqual([]);
    const left = { object: "pod/a", remove: "kubectl delete pod a" };
    const message = JSON.stringify(left);
    const error: Event = { atUs: 1, type: "error", code: "leftover", message };
    const told = made(
      {},
      withEvents((events) => [...events, error]),
    );
    expect(told.leftovers).toEqual([left]);
    expect(told.completeness.runComplete).toBe(true);
    const noEnd = withEvents((events) =>
      events.filter((one) => one.type !== "phase" || one.phase !== "end"),
    );
    expect(made({}, noEnd).leftovers).toBeNull();
  });
});

describe("steady", () => {
  const why = (of: Made, change?: (record: MadeRecord) => MadeRecord): string =>
    made(of, change)
      .scenarios.flatMap(({ steady }) => steady.why)
      .join("; ");

  test("good, also with a hiccup and at the floor", () => {
    expect(why({})).toBe("");
    expect(why({ steadyS: 20, rateRps: 10 })).toBe("");
    expect(why({ outages: [{ fromS: -10, untilS: -9.9, share: 1 }] })).toBe("");
  });

  test("too short, too few", () => {
    expect(why({ steadyS: 15 })).toContain("at least 20 s");
    expect(why({ steadyS: 30, rateRps: 6 })).toContain("at least 200");
  });

  test("misses the objective", () => {
    expect(why({ background: 0.04 })).toContain("rejects 0.99 good");
  });

  test("changes on the way, although it meets the objective", () => {
    const outages = [{ fromS: -20, untilS: 0, share: 0.1 }];
    const slo = { withinMs: 250, goodRatio: 0.9, breachRatio: 0.9 };
    expect(why({ outages, slo, steadyS: 60, background: 0 })).toContain("changed on the way");
    expect(why({ slo, steadyS: 60, background: 0.05 })).toBe("");
  });

  test("drops, and connections that are not reused", () => {
    const dropOne = (record: MadeRecord): MadeRecord => ({
      ...record,
      requests: record.requests.map((one) =>
        one.id === 300 && one.scenario === "new" ? { ...one, outcome: "dropped" as const } : one,
      ),
    });
    expect(why({}, dropOne)).toContain("dropped, must be 0");
    const fresh = (record: MadeRecord): MadeRecord => ({
      ...record,
      requests: record.requests.map((one) =>
        "connection" in one && one.id % 20 === 0 ? { ...one, connection: "new" as const } : one,
      ),
    });
    expect(why({}, fresh)).toContain("must be at least 99 %");
  });
});

describe("the end of observation", () => {
  const quiet = (seconds: number) => (record: MadeRecord) => ({
    ...record,
    events: record.events.map((one) =>
      one.type === "phase" && (one.phase === "teardown" || one.phase === "end")
        ? { ...one, atUs: one.atUs + seconds * S }
        : one,
    ),
  });
  const reached = ({ generator: { offered, planned } }: Measurement): number =>
    offered.is === "value" && planned.is === "value" ? offered.value / planned.value : 0;

  test("is the last tick where the load was stopped shortly before teardown", () => {
    const late = made({}, quiet(20));
    expect(reached(late)).toBeGreaterThan(0.995);
    expect(late.episodes).toEqual(made().episodes);
  });

  test("is teardown where the load was quiet for longer: it was not offered as planned", () => {
    expect(reached(made({}, quiet(40)))).toBeLessThan(0.8);
  });
});
