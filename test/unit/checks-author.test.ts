import { describe, expect, test } from "vitest";
import { availability } from "../../src/checks/availability.ts";
import { recovery } from "../../src/checks/recovery.ts";
import { measure } from "../../src/measure/measure.ts";
import { read } from "../../src/model/fields.ts";
import type { Measurement } from "../../src/model/measurement.ts";
import type { Finding } from "../../src/model/verdict.ts";
import type { Check } from "../../src/ports/check.ts";
import { staleRecord } from "../property/measure-reasons-made.ts";
import { makeRecord } from "../property/measure-record.ts";

const GOOD = measure(makeRecord());

/** As the planner and the judge do it: read what the author wrote, then judge. */
function judge(check: Check, measurement: Measurement = GOOD): readonly Finding[] {
  const problems: string[] = [];
  const { definition } = check;
  const params = read("expect[0]", definition.params, check.options, problems);
  problems.push(...(definition.problems?.(params as never) ?? []));
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return definition.judge(measurement, params as never);
}
const outcomes = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ outcome }) => outcome);

describe("availability", () => {
  test("judges each scenario of a phase by its whole interval", () => {
    // 300 of 400 were good in phase faults: 70 to 80 %.
    expect(outcomes(judge(availability({ atLeast: "70%" })))).toEqual(["pass", "pass"]);
    expect(outcomes(judge(availability({ atLeast: "75%" })))).toEqual(["unknown", "unknown"]);
    expect(outcomes(judge(availability({ atLeast: "90%" })))).toEqual(["fail", "fail"]);
    const steady = judge(availability({ atLeast: "99%", during: "steady" }));
    expect(outcomes(steady)).toEqual(["pass", "pass"]);
    expect(steady[0]!.what).toBe("good requests in phase steady, scenario new");
  });

  test("is unknown on a record that is cut, and without the phase", () => {
    const cut = measure({ ...makeRecord(), requestsEnd: null });
    expect(outcomes(judge(availability({ atLeast: "1%" }), cut))).toEqual(["unknown", "unknown"]);
    const bare = { ...GOOD, scenarios: GOOD.scenarios.map((one) => ({ ...one, phases: {} })) };
    expect(outcomes(judge(availability({ atLeast: "0%" }), bare))).toEqual(["unknown", "unknown"]);
    const none = judge(availability({ atLeast: "0%" }), { ...GOOD, scenarios: [] });
    expect(outcomes(none)).toEqual(["unknown"]);
  });
});

describe("recovery", () => {
  test("judges each scenario and capacity, as far as a limit is named", () => {
    const both = judge(recovery({ service: "7s", capacity: "20s" }));
    expect(outcomes(both)).toEqual(["pass", "pass", "pass"]);
    expect(both.map(({ what }) => what)).toEqual([
      "service recovery, scenario new",
      "service recovery, scenario reused",
      "capacity recovery",
    ]);
    expect(both[0]!.about).toEqual(["f01"]);
    expect(outcomes(judge(recovery({ service: "4s" })))).toEqual(["fail", "fail"]);
    expect(outcomes(judge(recovery({ capacity: "10s" })))).toEqual(["fail"]);
  });

  test("is unknown where the limit lies inside the interval", () => {
    const { recovery: seen } = GOOD.episodes[0]!.service["new"]!;
    if (seen.is !== "value") throw new Error("no value");
    const limit = `${Math.round(seen.value)}ms` as const;
    expect(judge(recovery({ service: limit }))[0]!.outcome).toBe("unknown");
  });

  test("fails on what never came back, once that is longer than the limit", () => {
    const down = measure(makeRecord({ outages: [{ fromS: 1, untilS: 99, share: 1 }] }));
    const findings = judge(recovery({ service: "20s" }), down);
    expect(outcomes(findings)).toEqual(["fail", "fail"]);
    expect(findings[0]!.hint).toContain("the fault is gone and the damage stays");
    expect(outcomes(judge(recovery({ service: "1h" }), down))).toEqual(["unknown", "unknown"]);
  });

  test("is unknown where nothing was measured, and says why", () => {
    const invalid = measure({ ...makeRecord(), problems: ["line 3 is cut"] });
    const findings = judge(recovery({ service: "20s" }), invalid);
    expect(outcomes(findings)).toEqual(["unknown", "unknown"]);
    expect(findings[0]!.hint).toContain("line 3 is cut");
    const none = judge(recovery({ service: "20s", capacity: "90s" }), { ...GOOD, episodes: [] });
    expect(outcomes(none)).toEqual(["unknown", "unknown"]);
  });

  test("says what keeps a lane down where the record proves it, and of that lane alone", () => {
    const stuck = measure(staleRecord());
    const [service, capacity] = judge(recovery({ service: "5s", capacity: "5s" }), stuck);
    expect(service!.outcome).toBe("fail");
    expect(service!.hint).toMatch(/^still bad at the end of observation; new connections are sent/);
    expect(service!.hint).toMatch(/still point to server-a: reuse connections;/);
    expect(capacity!.hint).toBe("clients did not notice");
  });

  test("must name a limit", () => {
    expect(() => judge(recovery({}))).toThrow("must name service, capacity or both");
  });
});
