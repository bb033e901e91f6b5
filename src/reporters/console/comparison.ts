// What ninety compare and ninety gate print.
import type {
  Comparison,
  GateLook,
  GateMetric,
  GateResult,
  GroupOfRuns,
  MetricComparison,
} from "../../model/comparison.ts";
import type { Measured } from "../../model/measured.ts";
import { showMeasured, showNumber, showPoint } from "../../model/show.ts";

const WORD = { pass: "PASS", fail: "FAIL", unknown: "UNKNOWN" } as const;

const row = (what: string, text: string): string => `    ${what.padEnd(16)} ${text}`;
const percent = (share: number): string => `${showNumber(share * 100)} %`;
const showP = (p: number): string => (p < 0.0001 ? "less than 0.0001" : showNumber(p));

/** Two groups of runs, metric by metric. */
export function showComparison(told: Comparison): string {
  const { outcome, experiment, level, runs } = told;
  return [
    `${WORD[outcome]}  ${experiment}: ${runs.a} runs before, ${runs.b} after  (${level})`,
    ...told.why.map((why) => `  ${why}`),
    "",
    ...told.metrics.flatMap(comparedMetric),
    ...showDiffers(told.differs),
    `  alpha ${percent(told.alpha)}, two-sided, after Holm over the metrics that are tested`,
  ].join("\n");
}

function comparedMetric(one: MetricComparison): readonly string[] {
  const p =
    one.p === null || one.pHolm === null || one.pSmallest === null
      ? "not tested"
      : `${showP(one.p)}, ${showP(one.pHolm)} after Holm; counts like these reach ${showP(one.pSmallest)}`;
  return [
    `  ${one.metric}: ${one.reading}`,
    row("before", showGroup(one.a)),
    row("after", showGroup(one.b)),
    row("shift", showShift(one)),
    row("ratio of means", showMeasured(one.ratio)),
    row("p", p),
    row("could be seen", showDetectable(one.detectable)),
    ...same(one.sameAs),
    "",
  ];
}

const same = (metric: string | undefined): readonly string[] =>
  metric === undefined ? [] : [row("tested as", `${metric}: the same in another unit`)];

/** `median 2.4 s [2.2 s, 2.9 s], mean 2.5 s [2.3 s, 2.7 s], 6 runs, 1 not back, 1 left out`. */
export function showGroup({ n, censored, leftOut, median, restrictedMean }: GroupOfRuns): string {
  const known =
    n === 0 ? [] : [`median ${showMeasured(median)}`, `mean ${showMeasured(restrictedMean)}`];
  return [
    ...known,
    n === 1 ? "1 run" : `${n} runs`,
    ...(censored > 0 ? [`${censored} not back`] : []),
    ...(leftOut > 0 ? [`${leftOut} INVALID or not measured, left out`] : []),
  ].join(", ");
}

function showShift(of: Pick<GateMetric, "shift" | "shiftConfidence">): string {
  const { shift, shiftConfidence } = of;
  if (shift.is === "absent") return showMeasured(shift);
  const sure = shiftConfidence > 0 ? ` (${percent(shiftConfidence)})` : " (no interval)";
  if (shift.is === "beyond") return `more than ${signed(shift.unit, shift.low)}${sure}`;
  const { unit, value, low, high } = shift;
  return `${signed(unit, value)} [${signed(unit, low)}, ${signed(unit, high)}]${sure}`;
}

/** With its sign: a shift may be either way. */
function signed(unit: Measured["unit"], value: number): string {
  const size = Math.abs(value);
  const text = showPoint({ is: "value", unit, value: size, low: size, high: size, n: 1 });
  return value === 0 ? text : `${value < 0 ? "−" : "+"}${text}`;
}

function showDetectable(detectable: Measured): string {
  return detectable.is === "value"
    ? `${signed(detectable.unit, detectable.value)} or more, four times in five, by the spread of these runs`
    : showMeasured(detectable).replace("not measured: ", "");
}

function showDiffers(differs: readonly string[]): readonly string[] {
  if (differs.length === 0) return [];
  return ["  the groups differ in", ...differs.map((one) => `    ${one}`), ""];
}

/** What a gate decided and on what grounds. */
export function showGate(told: GateResult): string {
  const { outcome, experiment, level, baselineRuns, candidates } = told;
  return [
    `${WORD[outcome]}  ${experiment}: ${candidates.length} runs against a baseline of ${baselineRuns}  (${level})`,
    ...told.why.map((why) => `  ${why}`),
    "",
    row("objectives", told.objectives),
    row("regression", told.regression),
    ...told.looks.map(showLook),
    "",
    ...told.metrics.flatMap(gateMetric),
    ...showDiffers(told.differs),
    `  no regression: up to ${percent(told.tolerate)} worse; must be seen: ${percent(told.see)} worse (--tolerate, --see)`,
    `  false alarms of all looks and metrics together: at most ${percent(told.alpha)}`,
  ].join("\n");
}

function showLook({ runs, alpha, taken, regressions }: GateLook): string {
  const level = alpha > 0 ? `alpha ${showNumber(alpha)}` : "too few runs to see anything";
  const found = regressions.length > 0 ? `regression: ${regressions.join(", ")}` : "no regression";
  return row(`look at ${runs}`, `${level}, ${taken ? found : "not yet"}`);
}

function gateMetric(one: GateMetric): readonly string[] {
  const { unit } = one;
  const p = one.p === null ? "not tested" : showP(one.p);
  return [
    `  ${one.metric}: ${one.reading}`,
    row("baseline", showGroup(one.baseline)),
    row("candidate", showGroup(one.candidate)),
    row("shift", showShift(one)),
    row("p", `${p}, of a shift of more than ${signed(unit, one.tolerated)}`),
    row("could be seen", `${showDetectable(one.detectable)}; wanted ${signed(unit, one.wanted)}`),
    ...same(one.sameAs),
    "",
  ];
}
