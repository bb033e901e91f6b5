import { describe, expect, test } from "vitest";
import {
  compareRun,
  contrastOf,
  judgeSuite,
  runResult,
  suiteExit,
  timesAsLong,
} from "../../src/kernel/suite.ts";
import { measure } from "../../src/measure/measure.ts";
import { restartsOf } from "../../src/measure/restarts.ts";
import type { Event } from "../../src/model/event.ts";
import { absent, atMost, beyond, value, type Measured } from "../../src/model/measured.ts";
import type { Class } from "../../src/model/measurement.ts";
import type { LaneResult, RunResult, Stated, SuiteRecord } from "../../src/model/suite.ts";
import type { Verdict } from "../../src/model/verdict.ts";
import { makeRecord } from "../property/measure-record.ts";
import { contrast, lane, result, suiteOf, suiteRun } from "./suite-kit.ts";

const stated = (over: Partial<Stated> = {}): Stated => ({
  must: "pass",
  service: {},
  capacity: null,
  ...over,
});
const told = (of: Stated, got: RunResult | null, noResult = "") =>
  compareRun(of, { result: got, noResult });

describe("a run against what is stated", () => {
  test("is as stated with the outcome alone, pass or not", () => {
    expect(told(stated(), result())).toEqual({ asStated: "yes", why: [] });
    expect(told(stated({ must: "fail" }), result({ outcome: "fail" })).asStated).toBe("yes");
    expect(told(stated({ must: "unknown" }), result({ outcome: "unknown" })).asStated).toBe("yes");
  });

  test("another outcome is a no, with the findings that made it", () => {
    const notPassed = ["fail: capacity recovery: 12 s, at most 10 s"];
    const got = told(stated(), result({ outcome: "fail", notPassed }));
    expect(got).toEqual({ asStated: "no", why: ["ended fail, stated pass", ...notPassed] });
    expect(told(stated({ must: "fail" }), result()).asStated).toBe("no");
    expect(told(stated({ must: "unknown" }), result()).asStated).toBe("no");
  });

  test("nobody can tell of a run that ended unknown, or that has no result", () => {
    expect(told(stated(), result({ outcome: "unknown" })).asStated).toBe("unknown");
    const none = told(stated({ must: "unknown" }), null, "its process was ended by SIGKILL");
    expect(none.asStated).toBe("unknown");
    expect(none.why).toEqual(["no result: its process was ended by SIGKILL"]);
  });

  test("a class that is another one is a no even if the outcome is as stated", () => {
    const got = told(stated({ capacity: ["RECOVERED"] }), result({ capacity: lane("MASKED", 0) }));
    expect(got.asStated).toBe("no");
    expect(got.why).toEqual(["capacity is MASKED, stated RECOVERED"]);
    const either = stated({ capacity: ["MASKED", "RECOVERED"] });
    expect(told(either, result({ capacity: lane("MASKED", 0) })).asStated).toBe("yes");
  });

  test("classes are those of each scenario", () => {
    const service: Stated["service"] = { new: ["UNRECOVERED"], reused: ["RECOVERED"] };
    const lanes = { new: lane("UNRECOVERED", 1), reused: lane("RECOVERED", 1) };
    expect(told(stated({ service }), result({ service: lanes })).asStated).toBe("yes");
    const swapped = { new: lanes.reused, reused: lanes.new };
    const got = told(stated({ service }), result({ service: swapped }));
    expect(got.why).toEqual([
      "service, new is RECOVERED, stated UNRECOVERED",
      "service, reused is UNRECOVERED, stated RECOVERED",
    ]);
  });

  test("what was not measured is unknown, never as stated", () => {
    const wanted = stated({ service: { other: ["RECOVERED"] } });
    expect(told(wanted, result()).asStated).toBe("unknown");
    const invalid = result({ capacity: { ...lane("INVALID", 0), note: "the watch ended" } });
    const got = told(stated({ capacity: ["RECOVERED"] }), invalid);
    expect(got.asStated).toBe("unknown");
    expect(got.why[0]).toContain("INVALID (the watch ended)");
    expect(told(stated({ capacity: ["INVALID"] }), invalid).asStated).toBe("yes");
    const none = { ...result(), episodes: [] };
    expect(told(stated({ capacity: ["RECOVERED"] }), none).asStated).toBe("unknown");
    expect(told(stated(), none).asStated).toBe("yes");
  });

  test("the class is that of every episode", () => {
    const [first] = result().episodes;
    const second = { ...first!, steps: ["f02"] as const, capacity: lane("UNRECOVERED", 9) };
    const got = told(stated({ capacity: ["RECOVERED"] }), {
      ...result(),
      episodes: [first!, second],
    });
    expect(got.why).toEqual(["capacity after f02 is UNRECOVERED, stated RECOVERED"]);
  });
});

describe("how many times as long", () => {
  const ms = (low: number, at: number, high: number): Measured<"ms"> =>
    value("ms", { value: at, low, high, n: 9 });

  test("has the interval that both ends allow", () => {
    expect(timesAsLong(ms(90, 100, 110), ms(9, 10, 11))).toEqual({
      is: "value",
      unit: "times",
      value: 10,
      low: 90 / 11,
      high: 110 / 9,
      n: 1,
    });
  });

  test("is a lower bound where the first did not end or the second may be nothing", () => {
    expect(timesAsLong(beyond("ms", 900, 3), ms(9, 10, 10))).toEqual(beyond("times", 90, 1));
    expect(timesAsLong(ms(90, 100, 110), ms(0, 0, 10))).toEqual(beyond("times", 9, 1));
  });

  test("is absent where nobody can know", () => {
    expect(timesAsLong(ms(1, 1, 1), beyond("ms", 900, 3)).is).toBe("absent");
    expect(timesAsLong(absent("ms", "no"), ms(1, 1, 1))).toEqual(absent("times", "no"));
    expect(timesAsLong(ms(1, 1, 1), absent("ms", "no")).is).toBe("absent");
    expect(timesAsLong(ms(1, 1, 1), ms(0, 0, 0)).is).toBe("absent");
    expect(timesAsLong(ms(0, 0, 5), ms(0, 0, 5)).is).toBe("absent");
  });
});

describe("a contrast", () => {
  const runs = [
    suiteRun("slow", result({ capacity: lane("RECOVERED", 900_000) })),
    suiteRun("fast", result({ capacity: lane("RECOVERED", 1_500) })),
  ];

  test("compares a lane of both", () => {
    const got = contrastOf(contrast("slow", "fast"), suiteOf(runs));
    expect(got).toMatchObject({ level: "virtual-gpu", notCompared: "" });
    expect(got.pairs).toMatchObject([{ what: "capacity", ratio: { is: "value", value: 600 } }]);
  });

  test("compares service scenario by scenario", () => {
    const got = contrastOf({ ...contrast("slow", "fast"), lane: "service" }, suiteOf(runs));
    expect(got.pairs.map(({ what }) => what)).toEqual(["service, new", "service, reused"]);
  });

  test("never compares two levels of evidence, nor a run without a result", () => {
    const other = suiteRun("fast", { ...result(), level: "real-gpu" });
    const levels = contrastOf(contrast("slow", "fast"), suiteOf([runs[0]!, other]));
    expect(levels.pairs).toEqual([]);
    expect(levels.notCompared).toContain("virtual-gpu");
    expect(levels.notCompared).toContain("real-gpu");
    const none = contrastOf(contrast("slow", "fast"), suiteOf([runs[0]!]));
    expect(none.notCompared).toBe("fast has no result");
  });

  test("takes the episode that took longest, and one that nobody knows before all", () => {
    const capacityOf = (lanes: readonly LaneResult[]) => {
      const [first] = result().episodes;
      const episodes = lanes.map((capacity) => ({ ...first!, capacity }));
      const slow = suiteRun("slow", { ...result(), episodes });
      return contrastOf(contrast("slow", "fast"), suiteOf([slow, runs[1]!])).pairs[0]?.before;
    };
    const unrecovered = { ...lane("UNRECOVERED", 0), recovery: beyond("ms", 5, 1) };
    const invalid = { ...lane("INVALID", 0), recovery: absent("ms", "no") };
    expect(capacityOf([lane("RECOVERED", 10), lane("RECOVERED", 30)])).toEqual(
      lane("RECOVERED", 30),
    );
    expect(capacityOf([unrecovered, lane("RECOVERED", 30)])).toEqual(unrecovered);
    expect(capacityOf([unrecovered, invalid, lane("RECOVERED", 30)])).toEqual(invalid);
  });
});

describe("a suite", () => {
  const exitOf = (suite: SuiteRecord): number => suiteExit(judgeSuite(suite));
  const yes = suiteRun("yes", result());
  const no = suiteRun("no", result({ outcome: "fail" }));
  const none = { ...suiteRun("none", null), noResult: "its process was ended by SIGKILL" };

  test("exits by what is stated: no outranks unknown, and that yes", () => {
    expect(exitOf(suiteOf([yes]))).toBe(0);
    expect(exitOf(suiteOf([yes, no]))).toBe(1);
    expect(exitOf(suiteOf([yes, none]))).toBe(2);
    expect(exitOf(suiteOf([none, no]))).toBe(1);
    expect(exitOf(suiteOf([]))).toBe(2);
  });

  test("a run that is still disturbed outranks all", () => {
    expect(exitOf(suiteOf([yes, { ...none, exit: 5 }]))).toBe(5);
    expect(exitOf(suiteOf([no, { ...none, exit: 5 }]))).toBe(5);
  });

  test("is judged again to the same", () => {
    const once = judgeSuite(suiteOf([yes, no, none], [contrast("yes", "no")]));
    expect(judgeSuite(once)).toEqual(once);
    expect(judgeSuite(JSON.parse(JSON.stringify(once)) as SuiteRecord)).toEqual(once);
  });
});

test("restarts are those seen while the pods were watched", () => {
  const pod = (atUs: number, name: string, restarts: number, reason = ""): Event => ({
    atUs,
    type: "cluster",
    object: `pod/ninety-x/${name}`,
    change: "changed",
    notBeforeUs: 0,
    detail: { part: "server", uid: name, restarts, reason },
  });
  const events = [
    pod(30, "a", 3),
    pod(10, "a", 1),
    pod(20, "a", 2, "CrashLoopBackOff"),
    pod(10, "b", 4, "Error"),
    pod(20, "b", 4, "Error"),
    pod(10, "c", 0),
    pod(20, "c", 1),
  ];
  expect(restartsOf(events)).toEqual([
    { pod: "ninety-x/a", part: "server", restarts: 2, reason: "CrashLoopBackOff" },
    { pod: "ninety-x/c", part: "server", restarts: 1, reason: "" },
  ]);
  const odd = { ...pod(1, "d", 1), detail: { restarts: "many" } } as Event;
  expect(restartsOf([odd])).toEqual([]);
});

test("what ended a run is told before what follows from it", () => {
  const made = makeRecord();
  const error = { atUs: 1, type: "error", code: "load-died", message: "no answer" } as const;
  const record = { ...made, events: [...made.events, error] };
  const measurement = measure(record);
  const late = value("ms", { value: 9, low: 8, high: 10, n: 3 });
  const of = { check: "recovery", what: "capacity recovery", observed: late, about: [] };
  const findings = Array.from({ length: 9 }, () => atMost(of, 1)).flat();
  const verdict: Verdict = { schema: 1, experiment: "x", seed: "s", outcome: "fail", findings };
  const { notPassed } = runResult({ record, measurement, verdict });
  expect(notPassed[0]).toBe("error: load-died: no answer");
  expect(notPassed).toHaveLength(8);
  expect(notPassed[1]).toBe("fail: capacity recovery: 9 ms [8 ms, 10 ms], at most 1 ms");
});

const CLASSES: readonly Class[] = ["MASKED", "RECOVERED", "UNRECOVERED", "METASTABLE"];
test("a measured class is as stated only where it is stated", () => {
  for (const got of CLASSES) {
    for (const wanted of CLASSES) {
      const one = told(stated({ capacity: [wanted] }), result({ capacity: lane(got, 1) }));
      expect(one.asStated, `${got} for ${wanted}`).toBe(got === wanted ? "yes" : "no");
    }
  }
});
