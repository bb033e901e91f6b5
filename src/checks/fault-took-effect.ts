import { absent, atMost, value } from "../model/measured.ts";
import type { StepMeasurement } from "../model/measurement.ts";
import type { Finding } from "../model/verdict.ts";
import { defineCheck } from "../ports/check.ts";

const NAME = "fault-took-effect";

/** What is missing for a step to count as having happened; null: nothing. */
function missing(step: StepMeasurement): string | null {
  if (!step.injected) return "it was not injected";
  if (step.proved === "unproved") return "its effect was looked for and not found";
  if (step.proved === "unknown") return "nobody looked for its effect";
  return step.lapsed ? "its lease ran out in mid-run" : null;
}

function judgeStep(step: StepMeasurement): readonly Finding[] {
  const why = missing(step);
  const observed = why === null ? value("count", { value: 0, n: 1 }) : absent("count", why);
  const what = `${step.id} ${step.fault} without proved effect`;
  const hint = "see the step's evidence in the report: what was looked at and what was needed";
  return atMost({ check: NAME, what, observed, about: [step.id], hint }, 0);
}

/**
 * Each step was injected, proved and held to its end; if not, nothing that followed can be judged.
 */
export const faultTookEffect = defineCheck({
  name: NAME,
  about: "Each fault was injected, proved by a witness, and held for as long as planned.",
  params: {},
  always: true,
  judge: ({ steps }) =>
    steps.length > 0
      ? steps.flatMap(judgeStep)
      : atMost(
          {
            check: NAME,
            what: "steps without proved effect",
            observed: absent("count", "the plan has no steps"),
            about: [],
          },
          0,
        ),
});
