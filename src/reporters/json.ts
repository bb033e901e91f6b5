import { stableText } from "../model/json.ts";
import type { RunReport } from "../model/report.ts";
import type { Reporter } from "../ports/reporter.ts";

export const json: Reporter = {
  name: "json",
  about: "Verdict and measurement as one JSON object.",
  file: "report.json",
  render: ({ record, measurement, verdict, folder }) => {
    const { steps, episodes, scenarios, generator, completeness, leftovers } = measurement;
    const report: RunReport = {
      ...verdict,
      hypothesis: record.plan.hypothesis,
      ...(record.plan.patches ? { patches: record.plan.patches } : {}),
      level: measurement.level,
      folder,
      steps,
      episodes,
      scenarios,
      generator,
      completeness,
      leftovers,
      environment: record.environment,
      ...(record.artifacts ? { artifacts: record.artifacts } : {}),
    };
    return `${stableText(report, 2)}\n`;
  },
};
