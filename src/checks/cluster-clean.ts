import { at } from "../model/json.ts";
import { absent, atMost, value, type Measured } from "../model/measured.ts";
import type { Measurement, StepMeasurement } from "../model/measurement.ts";
import type { Finding } from "../model/verdict.ts";
import { defineCheck } from "../ports/check.ts";

const NAME = "cluster-clean";

/** 1: still disturbed; absent: nobody can say. */
function disturbed(step: StepMeasurement): Measured<"count"> {
  if (step.healed === "nothing-to-heal") return value("count", { value: 0, n: 1 });
  if (step.healed !== "healed") return value("count", { value: 1, n: 1 });
  if (step.healProved === "proved") return value("count", { value: 0, n: 1 });
  if (step.healProved === "unknown") return absent("count", "nobody looked whether it is gone");
  return at(step.evidence, "healProved", "effect") === "present"
    ? value("count", { value: 1, n: 1 })
    : absent("count", "whether it is gone could not be seen");
}

function judgeStep(step: StepMeasurement): readonly Finding[] {
  const what = `effects of ${step.id} ${step.fault} that stay`;
  const hint = "ninety heal --all, then look at the step's evidence in the report";
  return atMost({ check: NAME, what, observed: disturbed(step), about: [step.id], hint }, 0);
}

function left({ leftovers }: Measurement): Measured<"count"> {
  if (leftovers === null) return absent("count", "nobody looked after the run");
  return value("count", { value: leftovers.length, n: 1 });
}

/** Every effect is gone, proved, and nothing of the run is left behind. */
export const clusterClean = defineCheck({
  name: NAME,
  about: "Each fault was healed and proved gone, the run went to its end, nothing is left behind.",
  params: {},
  always: true,
  judge: (measurement) => {
    const { runComplete } = measurement.completeness;
    const ended = runComplete
      ? value("count", { value: 0, n: 1 })
      : absent("count", "the run did not reach its end, or met an error");
    const removes = (measurement.leftovers ?? []).map(({ remove }) => remove).filter(Boolean);
    return [
      ...measurement.steps.flatMap(judgeStep),
      ...atMost(
        {
          check: NAME,
          what: "errors of the run",
          observed: ended,
          about: [],
          hint: "the error is in the report's list of events",
        },
        0,
      ),
      ...atMost(
        {
          check: NAME,
          what: "objects and effects left behind",
          observed: left(measurement),
          about: [],
          hint:
            removes.length > 0
              ? `remove them: ${removes.join("; ")}`
              : "ninety heal --all looks again",
        },
        0,
      ),
    ];
  },
});
