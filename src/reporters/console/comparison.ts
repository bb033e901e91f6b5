// What ninety compare and ninety gate print.
import type {
  Comparison,
  GateMetric,
  GateResult,
  GroupOfRuns,
  MetricComparison,
} from "../../model/comparison.ts";
import { showMeasured } from "../../model/show.ts";
import {
  comparedHead,
  comparedP,
  comparedRule,
  countText,
  detectableText,
  gateHead,
  gateP,
  gateRule,
  lookText,
  shiftText,
  signed,
} from "../compare/words.ts";

const WORD = { pass: "PASS", fail: "FAIL", unknown: "UNKNOWN" } as const;

const row = (what: string, text: string): string => `    ${what.padEnd(16)} ${text}`;

/** Two groups of runs, metric by metric. */
export function showComparison(told: Comparison): string {
  const { outcome, experiment, level } = told;
  return [
    `${WORD[outcome]}  ${experiment}: ${comparedHead(told)}  (${level})`,
    ...told.why.map((why) => `  ${why}`),
    "",
    ...told.metrics.flatMap(comparedMetric),
    ...showDiffers(told.differs),
    `  ${comparedRule(told)}`,
  ].join("\n");
}

function comparedMetric(one: MetricComparison): readonly string[] {
  return [
    `  ${one.metric}: ${one.reading}`,
    row("before", showGroup(one.a)),
    row("after", showGroup(one.b)),
    row("shift", shiftText(one)),
    row("ratio of means", showMeasured(one.ratio)),
    row("p", comparedP(one)),
    row("could be seen", detectableText(one.detectable)),
    ...same(one.sameAs),
    "",
  ];
}

const same = (metric: string | undefined): readonly string[] =>
  metric === undefined ? [] : [row("tested as", `${metric}: the same in another unit`)];

/** `median 2.4 s [2.2 s, 2.9 s], mean 2.5 s [2.3 s, 2.7 s], 6 runs, 1 not back, 1 left out`. */
export function showGroup(group: GroupOfRuns): string {
  const { n, median, restrictedMean } = group;
  const known =
    n === 0 ? [] : [`median ${showMeasured(median)}`, `mean ${showMeasured(restrictedMean)}`];
  return [...known, countText(group)].join(", ");
}

function showDiffers(differs: readonly string[]): readonly string[] {
  if (differs.length === 0) return [];
  return ["  the groups differ in", ...differs.map((one) => `    ${one}`), ""];
}

/** What a gate decided and on what grounds. */
export function showGate(told: GateResult): string {
  const { outcome, experiment, level } = told;
  return [
    `${WORD[outcome]}  ${experiment}: ${gateHead(told)}  (${level})`,
    ...told.why.map((why) => `  ${why}`),
    "",
    row("objectives", told.objectives),
    row("regression", told.regression),
    ...told.looks.map((look) => row(`look at ${look.runs}`, lookText(look))),
    "",
    ...told.metrics.flatMap(gateMetric),
    ...showDiffers(told.differs),
    ...gateRule(told).map((line) => `  ${line}`),
  ].join("\n");
}

function gateMetric(one: GateMetric): readonly string[] {
  return [
    `  ${one.metric}: ${one.reading}`,
    row("baseline", showGroup(one.baseline)),
    row("candidate", showGroup(one.candidate)),
    row("shift", shiftText(one)),
    row("p", gateP(one)),
    row(
      "could be seen",
      `${detectableText(one.detectable)}; wanted ${signed(one.unit, one.wanted)}`,
    ),
    ...same(one.sameAs),
    "",
  ];
}
