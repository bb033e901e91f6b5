import { describe, expect, test } from "vitest";
import { count, optional } from "../../src/model/fields.ts";
import type { JsonObject } from "../../src/model/json.ts";
import { atLeast, atMost, value } from "../../src/model/measured.ts";
import type { Measurement } from "../../src/model/measurement.ts";
import type { Plan } from "../../src/model/plan.ts";
import type { Finding, Outcome } from "../../src/model/verdict.ts";
import type { AnyCheck } from "../../src/ports/check.ts";
import { readExperiment } from "../../src/kernel/experiment.ts";
import { judge } from "../../src/kernel/judge.ts";
import { makePlan } from "../../src/kernel/planner.ts";
import { written } from "./kernel-kit.ts";

const made = makePlan(readExperiment("sample", written()), "s", { always: [], addOns: [] });
const planWith = (...names: readonly string[]): Plan => ({
  ...made,
  checks: names.map((name) => ({ name, params: {} })),
});
const measurementOf = (aborted?: string): Measurement => {
  const completeness = { requestsComplete: true, requests: 1, runComplete: true, problems: [] };
  return {
    completeness: aborted === undefined ? completeness : { ...completeness, aborted },
  } as unknown as Measurement;
};
const measurement = measurementOf();

const finding = (check: string, outcome: Outcome): Finding => ({
  check,
  outcome,
  what: "it",
  observed: { is: "value", unit: "count", value: 1, low: 1, high: 1, n: 1 },
  limit: { max: 1 },
  about: [],
});
const checks = (name: string): AnyCheck => {
  if (name === "lost") throw new Error("no check is named lost");
  const judgeIt = (): readonly Finding[] => {
    if (name === "broken") throw new Error("oh");
    return name === "mute" ? [] : [finding(name, name as Outcome)];
  };
  return { name, about: "", params: {}, judge: judgeIt };
};
const outcomeOf = (...names: readonly string[]): Outcome =>
  judge(measurement, planWith(...names), checks).outcome;

describe("a verdict", () => {
  test("is the worst of what all checks found", () => {
    expect(outcomeOf("pass")).toBe("pass");
    expect(outcomeOf("pass", "unknown")).toBe("unknown");
    expect(outcomeOf("pass", "unknown", "fail")).toBe("fail");
    expect(judge(measurement, planWith("fail", "pass"), checks).findings).toHaveLength(2);
  });

  test("is unknown where abortWhen ended the run, whatever was found until then", () => {
    for (const names of [["pass"], ["fail", "pass"], []]) {
      const { outcome, findings } = judge(measurementOf("why"), planWith(...names), checks);
      expect(outcome).toBe("unknown");
      expect(findings).toHaveLength(names.length);
    }
  });

  test("is unknown where nothing was found", () => {
    expect(outcomeOf()).toBe("unknown");
    expect(outcomeOf("mute")).toBe("unknown");
    expect(outcomeOf("mute", "pass")).toBe("pass");
  });

  test("has what is always on in it, whether the plan lists it or not", () => {
    const namesOf = (...listed: readonly string[]): readonly string[] =>
      judge(measurement, planWith(...listed), checks, ["unknown"]).findings.map(
        ({ check }) => check,
      );
    expect(namesOf("pass")).toEqual(["pass", "unknown"]);
    expect(namesOf("unknown", "pass")).toEqual(["unknown", "pass"]);
  });

  test("is unknown where a parameter that a check must have is not in the plan", () => {
    const params = { atLeast: count({ about: "so many" }), most: optional(count({ about: "x" })) };
    const needing = (name: string): AnyCheck => ({ ...checks(name), params });
    const plan = (given: JsonObject): Plan => ({
      ...made,
      checks: [{ name: "pass", params: given }],
    });
    expect(judge(measurement, plan({ atLeast: 1 }), needing).outcome).toBe("pass");
    const { outcome, findings } = judge(measurement, plan({}), needing);
    expect(outcome).toBe("unknown");
    expect(findings[0]?.observed).toMatchObject({
      why: "the check failed: its atLeast is missing",
    });
  });

  test.each([NaN, Infinity, -1, "5", null])("is unknown by a limit of %s", (limit) => {
    const of = { ...finding("pass", "pass"), observed: value("count", { value: 0, n: 1 }) };
    expect(atMost(of, limit as number)).toMatchObject([{ outcome: "unknown" }]);
    expect(atLeast(of, limit as number)).toMatchObject([{ outcome: "unknown" }]);
    expect(atMost(of, 0)).toMatchObject([{ outcome: "pass" }]);
  });

  test.each(["broken", "lost"])("is unknown by a check that is %s, and says why", (name) => {
    const { outcome, findings } = judge(measurement, planWith("pass", name), checks);
    expect(outcome).toBe("unknown");
    expect(findings[1]).toMatchObject({ check: name, outcome: "unknown" });
    expect(findings[1]?.observed).toMatchObject({
      is: "absent",
      why: expect.stringContaining("the check failed: "),
    });
  });
});
