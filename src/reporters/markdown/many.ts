import { showMeasured } from "../../model/show.ts";
import type { GateResult, Groups, RunOfGroup } from "../../model/comparison.ts";
import type { ManyRuns } from "../../ports/reporter.ts";
import {
  comparisonTold,
  countText,
  gateTold,
  lookText,
  type MetricTold,
} from "../compare/words.ts";
import { code, plain, table } from "./text.ts";

/** Many runs, fit for a comment on a pull request. */
export function manyMarkdown(many: ManyRuns, groups: Groups): string {
  const told = many.kind === "gate" ? gateTold(many.gate) : comparisonTold(many.comparison);
  const [before, after] = told.names;
  const group = (of: MetricTold["a"]): string =>
    plain(of.n === 0 ? countText(of) : `${showMeasured(of.median)}; ${countText(of)}`);
  const rows = told.metrics.map((one) => [
    plain(one.metric),
    one.outcome === "pass" ? one.reading : `**${one.reading}**`,
    group(one.a),
    group(one.b),
    plain(one.shiftText),
    plain(one.more.find(([what]) => what === "could be seen")?.[1] ?? ""),
  ]);
  const head = ["Metric", "", `Median ${before}`, `Median ${after}`, "Shift", "Could be seen"];
  return [
    `### ${code(told.experiment)}, ${many.kind}: ${told.outcome.toUpperCase()}`,
    "",
    `${plain(told.about)} (evidence level ${told.level})`,
    "",
    ...list(told.why),
    ...(many.kind === "gate" ? lookLines(many.gate) : []),
    ...(rows.length === 0 ? [] : [...table(head, rows), ""]),
    ...(told.differs.length === 0 ? [] : ["The groups differ in:", "", ...list(told.differs)]),
    `${told.rule.map(plain).join("; ")}.`,
    "",
    `Runs ${before}: ${names(groups.a)}; ${after}: ${names(groups.b)}. Curves and each run: ${code("report.html")}.`,
    "",
  ].join("\n");
}

function list(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [...lines.map((line) => `- ${plain(line)}`), ""];
}

function lookLines({ objectives, regression, looks }: GateResult): readonly string[] {
  const told = looks.map((look) => `- look at ${look.runs} runs: ${plain(lookText(look))}`);
  return [`- objectives: ${objectives}`, `- regression: ${regression}`, ...told, ""];
}

const names = (group: readonly RunOfGroup[]): string =>
  group
    .map(({ facts }) => facts.run)
    .sort()
    .map(code)
    .join(", ");
