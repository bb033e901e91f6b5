import { messageOf } from "../model/error.ts";
import { absent } from "../model/measured.ts";
import type { Measurement } from "../model/measurement.ts";
import type { Plan, PlannedCheck } from "../model/plan.ts";
import { worst, type Finding, type Verdict } from "../model/verdict.ts";
import type { AnyCheck } from "../ports/check.ts";

/**
 * Every check of the plan speaks, and each that is always on, whether the plan lists it or not; one
 * that throws is unknown, and the worst finding decides. A run that `abortWhen` ended was not the
 * one that was planned: it neither passes nor fails.
 */
export function judge(
  measurement: Measurement,
  plan: Plan,
  checks: (name: string) => AnyCheck,
  /** Names of those that judge every run. */
  always: readonly string[] = [],
): Verdict {
  const listed = plan.checks.map(({ name }) => name);
  const unlisted = always
    .filter((name) => !listed.includes(name))
    .map((name): PlannedCheck => ({ name, params: {} }));
  const findings = [...plan.checks, ...unlisted].flatMap((planned) =>
    judgeOne(measurement, planned, checks),
  );
  return {
    schema: 1,
    experiment: plan.experiment,
    seed: plan.seed,
    outcome: measurement.completeness.aborted
      ? "unknown"
      : worst(findings.map(({ outcome }) => outcome)),
    findings,
  };
}

function judgeOne(
  measurement: Measurement,
  planned: PlannedCheck,
  checks: (name: string) => AnyCheck,
): readonly Finding[] {
  try {
    const { judge: ask, params } = checks(planned.name);
    for (const [name, { unit, optional }] of Object.entries(params)) {
      if (optional || planned.params[name + unit] !== undefined) continue;
      throw new Error(`its ${name + unit} is missing`);
    }
    return ask(measurement, planned.params as never);
  } catch (error) {
    const observed = absent("count", `the check failed: ${messageOf(error)}`);
    const what = `what ${planned.name} judges`;
    return [
      { check: planned.name, outcome: "unknown", what, observed, limit: { max: 0 }, about: [] },
    ];
  }
}
