import { absent, atMost, value } from "../model/measured.ts";
import type { ScenarioMeasurement } from "../model/measurement.ts";
import type { Finding } from "../model/verdict.ts";
import { defineCheck } from "../ports/check.ts";

const NAME = "steady-clean";

function judgeScenario({ name, steady, phases }: ScenarioMeasurement): readonly Finding[] {
  const observed = steady.valid
    ? value("count", { value: 0, n: phases.steady?.intended ?? 0 })
    : absent("count", steady.why.join("; "));
  const what = `reasons against the steady phase, scenario ${name}`;
  const hint =
    "run it again on an idle machine; if it stays, the service misses its SLO without faults";
  return atMost({ check: NAME, what, observed, about: [], hint }, 0);
}

/** Without a good steady phase there is nothing that a fault could be compared with. */
export const steadyClean = defineCheck({
  name: NAME,
  about: "Before the first fault every scenario met the SLO, steadily and for long enough.",
  params: {},
  always: true,
  judge: ({ scenarios }) =>
    scenarios.length > 0
      ? scenarios.flatMap(judgeScenario)
      : atMost(
          {
            check: NAME,
            what: "reasons against the steady phase",
            observed: absent("count", "the load has no scenario"),
            about: [],
          },
          0,
        ),
});
