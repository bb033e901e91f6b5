import { describe, expect, test } from "vitest";
import { clusterClean } from "../../src/checks/cluster-clean.ts";
import { faultTookEffect } from "../../src/checks/fault-took-effect.ts";
import { loadHeld } from "../../src/checks/load-held.ts";
import { steadyClean } from "../../src/checks/steady-clean.ts";
import { measure } from "../../src/measure/measure.ts";
import { absent, beyond, value } from "../../src/model/measured.ts";
import type { Measurement, StepMeasurement } from "../../src/model/measurement.ts";
import { worst } from "../../src/model/verdict.ts";
import type { AnyCheck } from "../../src/ports/check.ts";
import { makeRecord } from "../property/measure-record.ts";

const GOOD = measure(makeRecord());

function outcome(check: { readonly definition: AnyCheck }, of: Partial<Measurement>): string {
  const findings = check.definition.judge({ ...GOOD, ...of }, {} as never);
  return worst(findings.map((finding) => finding.outcome));
}

const step = (change: Partial<StepMeasurement>): Partial<Measurement> => ({
  steps: [{ ...GOOD.steps[0]!, ...change }],
});

test("all pass on a good run, are always on and are named like their files", () => {
  for (const [name, check] of Object.entries({
    "fault-took-effect": faultTookEffect,
    "load-held": loadHeld,
    "steady-clean": steadyClean,
    "cluster-clean": clusterClean,
  })) {
    expect(outcome(check, {}), name).toBe("pass");
    expect(check.definition).toMatchObject({ name, always: true });
  }
});

describe("fault-took-effect", () => {
  test.each([
    { injected: false },
    { proved: "unproved" as const },
    { proved: "unknown" as const },
    { lapsed: true },
  ])("is unknown with %o", (change) => {
    expect(outcome(faultTookEffect, step(change))).toBe("unknown");
  });

  test("is unknown without steps", () => {
    expect(outcome(faultTookEffect, { steps: [] })).toBe("unknown");
  });
});

describe("load-held", () => {
  const generator = (change: Partial<Measurement["generator"]>): Partial<Measurement> => ({
    generator: { ...GOOD.generator, ...change },
  });
  const completeness = (change: Partial<Measurement["completeness"]>): Partial<Measurement> => ({
    completeness: { ...GOOD.completeness, ...change },
  });

  test.each([
    generator({ dropped: value("count", { value: 1, n: 9 }) }),
    generator({ dropped: absent("count", "no end") }),
    generator({ offered: value("count", { value: 10, n: 10 }) }),
    generator({ planned: absent("count", "no end") }),
    generator({ lateP99: value("ms", { value: 49, low: 40, high: 51, n: 9 }) }),
    generator({ lateP99: beyond("ms", 60, 9) }),
    completeness({ requestsComplete: false }),
    completeness({ requests: 0 }),
    completeness({ problems: ["a line is not JSON"] }),
  ])("is unknown with %o", (change) => {
    expect(outcome(loadHeld, change)).toBe("unknown");
  });
});

describe("steady-clean", () => {
  test("is unknown when one scenario's steady phase is no basis, and says why", () => {
    const scenarios = GOOD.scenarios.map((one, i) =>
      i === 1 ? { ...one, steady: { valid: false, why: ["it was short"] } } : one,
    );
    const findings = steadyClean.definition.judge({ ...GOOD, scenarios }, {} as never);
    expect(findings.map((finding) => finding.outcome)).toEqual(["pass", "unknown"]);
    expect(findings[1]!.observed).toMatchObject({ is: "absent", why: "it was short" });
  });

  test("is unknown without scenarios", () => {
    expect(outcome(steadyClean, { scenarios: [] })).toBe("unknown");
  });
});

describe("cluster-clean", () => {
  const looked = (effect: string): StepMeasurement["evidence"] => ({ healProved: { effect } });

  test("fails on what stays", () => {
    expect(outcome(clusterClean, step({ healed: "failed" }))).toBe("fail");
    expect(outcome(clusterClean, step({ healed: "open" }))).toBe("fail");
    const present = step({ healProved: "unproved", evidence: looked("present") });
    expect(outcome(clusterClean, present)).toBe("fail");
    const leftovers = [{ object: "pod/a", remove: "kubectl delete pod a" }];
    expect(outcome(clusterClean, { leftovers })).toBe("fail");
  });

  test("is unknown on what nobody saw", () => {
    const unclear = step({ healProved: "unproved", evidence: looked("unclear") });
    expect(outcome(clusterClean, unclear)).toBe("unknown");
    expect(outcome(clusterClean, step({ healProved: "unknown" }))).toBe("unknown");
    expect(outcome(clusterClean, { leftovers: null })).toBe("unknown");
    const completeness = { ...GOOD.completeness, runComplete: false };
    expect(outcome(clusterClean, { completeness })).toBe("unknown");
  });

  test("tells the command that removes what is left", () => {
    const leftovers = [{ object: "pod/a", remove: "kubectl delete pod a" }];
    const findings = clusterClean.definition.judge({ ...GOOD, leftovers }, {} as never);
    expect(findings.at(-1)!.hint).toContain("kubectl delete pod a");
  });

  test("a fault that happens once has nothing to heal", () => {
    const once = step({ healed: "nothing-to-heal", healProved: "nothing-to-heal" });
    expect(outcome(clusterClean, once)).toBe("pass");
  });
});
