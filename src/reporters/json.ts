import { stableText } from "../model/json.ts";
import type { Reporter } from "../ports/reporter.ts";

/** Everything a program needs to know of a run, as one object. */
export const json: Reporter = {
  name: "json",
  about: "Verdict and measurement as one JSON object.",
  file: "report.json",
  render: ({ record, measurement, verdict, folder }) =>
    `${stableText(
      {
        schema: 1,
        experiment: verdict.experiment,
        seed: verdict.seed,
        outcome: verdict.outcome,
        hypothesis: record.plan.hypothesis,
        ...(record.plan.patches ? { patches: record.plan.patches } : {}),
        level: measurement.level,
        folder,
        findings: verdict.findings,
        steps: measurement.steps,
        episodes: measurement.episodes,
        scenarios: measurement.scenarios,
        generator: measurement.generator,
        completeness: measurement.completeness,
        leftovers: measurement.leftovers,
        environment: record.environment,
        ...(record.artifacts ? { artifacts: record.artifacts } : {}),
      },
      2,
    )}\n`,
};
