// What every report of several runs says in the same words.
import type {
  Comparison,
  GateMetric,
  GateResult,
  GroupOfRuns,
  MetricComparison,
  Reading,
} from "../../model/comparison.ts";
import type { Measured } from "../../model/measured.ts";
import { showMeasured, showNumber, showPoint } from "../../model/show.ts";
import type { Outcome } from "../../model/verdict.ts";

const percent = (share: number): string => `${showNumber(share * 100)} %`;
const showP = (p: number): string => (p < 0.0001 ? "less than 0.0001" : showNumber(p));

/** `6 runs`, with those that did not come back or say nothing. */
export function countText({ n, censored, leftOut }: GroupOfRuns): string {
  return [
    n === 1 ? "1 run" : `${n} runs`,
    ...(censored > 0 ? [`${censored} not back`] : []),
    ...(leftOut > 0 ? [`${leftOut} INVALID or not measured, left out`] : []),
  ].join(", ");
}

export function shiftText(of: Pick<GateMetric, "shift" | "shiftConfidence">): string {
  const { shift, shiftConfidence } = of;
  if (shift.is === "absent") return showMeasured(shift);
  const sure = shiftConfidence > 0 ? ` (${percent(shiftConfidence)})` : " (no interval)";
  if (shift.is === "beyond") return `more than ${signed(shift.unit, shift.low)}${sure}`;
  const { unit, value, low, high } = shift;
  return `${signed(unit, value)} [${signed(unit, low)}, ${signed(unit, high)}]${sure}`;
}

/** With its sign: a shift may be either way. */
export function signed(unit: Measured["unit"], value: number): string {
  const size = Math.abs(value);
  const text = showPoint({ is: "value", unit, value: size, low: size, high: size, n: 1 });
  return value === 0 ? text : `${value < 0 ? "−" : "+"}${text}`;
}

export function detectableText(detectable: Measured): string {
  return detectable.is === "value"
    ? `${signed(detectable.unit, detectable.value)} or more, four times in five, by the spread of these runs`
    : showMeasured(detectable).replace("not measured: ", "");
}

/** One metric of a comparison or of a gate, as reports tell it. */
export interface MetricTold {
  readonly metric: string;
  readonly reading: string;
  /** What it says for the verdict. */
  readonly outcome: Outcome;
  readonly a: GroupOfRuns;
  readonly b: GroupOfRuns;
  readonly shift: Measured;
  readonly shiftText: string;
  readonly detectable: Measured;
  /** What else is to be told, name and text. */
  readonly more: readonly (readonly [what: string, text: string])[];
  /** It is tested as this one. */
  readonly sameAs?: string;
}

/** Several runs against several others, as reports tell them. */
export interface ManyRunsTold {
  readonly experiment: string;
  readonly outcome: Outcome;
  readonly level: string;
  /** What the groups are called. */
  readonly names: readonly [a: string, b: string];
  /** `5 runs against a baseline of 10`. */
  readonly about: string;
  readonly why: readonly string[];
  readonly metrics: readonly MetricTold[];
  readonly differs: readonly string[];
  /** How it was decided, sentences. */
  readonly rule: readonly string[];
}

const OUTCOMES: Readonly<Record<Reading | GateMetric["reading"], Outcome>> = {
  worse: "fail",
  regression: "fail",
  better: "pass",
  "no change seen": "pass",
  "none seen": "pass",
  "cannot see": "unknown",
  "not compared": "unknown",
};

/** What both kinds of metric have. */
function metricTold(
  one: Pick<MetricComparison, "metric" | "shift" | "shiftConfidence" | "detectable" | "sameAs"> & {
    readonly reading: Reading | GateMetric["reading"];
  },
  of: Pick<MetricTold, "a" | "b" | "more">,
): MetricTold {
  const { metric, reading, shift, detectable, sameAs } = one;
  return {
    metric,
    reading,
    outcome: OUTCOMES[reading],
    shift,
    shiftText: shiftText(one),
    detectable,
    ...of,
    ...(sameAs === undefined ? {} : { sameAs }),
  };
}

/** `p`, after Holm, and what counts like these can reach. */
export const comparedP = ({ p, pHolm, pSmallest }: MetricComparison): string =>
  p === null || pHolm === null || pSmallest === null
    ? "not tested"
    : `${showP(p)}, ${showP(pHolm)} after Holm; counts like these reach ${showP(pSmallest)}`;

export const gateP = ({ p, unit, tolerated }: GateMetric): string =>
  `${p === null ? "not tested" : showP(p)}, of a shift of more than ${signed(unit, tolerated)}`;

export const comparedRule = ({ alpha }: Comparison): string =>
  `alpha ${percent(alpha)}, two-sided, after Holm over the metrics that are tested`;

export const gateRule = ({ tolerate, see, alpha }: GateResult): readonly string[] => [
  `no regression: up to ${percent(tolerate)} worse; must be seen: ${percent(see)} worse (--tolerate, --see)`,
  `false alarms of all looks and metrics together: at most ${percent(alpha)}`,
];

export const comparedHead = ({ runs }: Comparison): string =>
  `${runs.a} runs before, ${runs.b} after`;

export const gateHead = ({ candidates, baselineRuns }: GateResult): string =>
  `${candidates.length} runs against a baseline of ${baselineRuns}`;

export function comparisonTold(of: Comparison): ManyRunsTold {
  const { experiment, outcome, level, why, differs } = of;
  const metrics = of.metrics.map((one) =>
    metricTold(one, {
      a: one.a,
      b: one.b,
      more: [
        ["ratio of means", showMeasured(one.ratio)],
        ["p", comparedP(one)],
        ["could be seen", detectableText(one.detectable)],
      ],
    }),
  );
  const about = comparedHead(of);
  const names = ["before", "after"] as const;
  return {
    experiment,
    outcome,
    level,
    names,
    about,
    why,
    metrics,
    differs,
    rule: [comparedRule(of)],
  };
}

export function gateTold(of: GateResult): ManyRunsTold {
  const { experiment, outcome, level, why, differs } = of;
  const metrics = of.metrics.map((one) =>
    metricTold(one, {
      a: one.baseline,
      b: one.candidate,
      more: [
        ["p", gateP(one)],
        ["could be seen", detectableText(one.detectable)],
        ["must be seen", signed(one.unit, one.wanted)],
        ["tolerated", signed(one.unit, one.tolerated)],
      ],
    }),
  );
  const about = gateHead(of);
  const names = ["baseline", "candidate"] as const;
  return { experiment, outcome, level, names, about, why, metrics, differs, rule: gateRule(of) };
}

/** What a look of a gate had to spend, and what it found. */
export function lookText({ alpha, taken, regressions }: GateResult["looks"][number]): string {
  const level = alpha > 0 ? `alpha ${showNumber(alpha)}` : "too few runs to see anything";
  const found = regressions.length > 0 ? `regression: ${regressions.join(", ")}` : "no regression";
  return `${level}, ${taken ? found : "not yet"}`;
}
