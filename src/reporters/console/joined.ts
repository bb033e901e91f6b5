// What run --repeat, and check with several runs, print.
import type { Joined, JoinedObjective } from "../../model/repeated.ts";
import { showLimit, showMeasured } from "../../model/show.ts";
import { showGroup } from "./comparison.ts";

const WORD = { pass: "PASS", fail: "FAIL", unknown: "UNKNOWN" } as const;
const ORDER = { fail: 0, unknown: 1, pass: 2 } as const;
const OBJECTIVES_MAX = 14;

/** Each run, then each objective; those that every run passed are counted. */
export function showJoined(told: Joined): string {
  const { outcome, experiment, runs, why } = told;
  const counted = runs.filter(({ leftOut }) => leftOut === "").length;
  const open = told.objectives
    .filter(({ passed, failed, unknown }) => failed + unknown > 0 || passed === 0)
    .sort((a, b) => ORDER[a.outcome] - ORDER[b.outcome]);
  const rest = told.objectives.length - open.length;
  return [
    `${WORD[outcome]}  ${experiment}: ${runs.length} runs together, ${counted} of them count`,
    ...(outcome === "unknown" ? why.map((one) => `  undecided: ${one}`) : []),
    ...runs.map(
      (run) =>
        `  ${run.outcome.padEnd(7)} ${run.run}${run.leftOut === "" ? "" : `  left out: ${run.leftOut}`}`,
    ),
    "",
    ...open.slice(0, OBJECTIVES_MAX).flatMap(objectiveLines),
    ...(open.length > OBJECTIVES_MAX ? [`  and ${open.length - OBJECTIVES_MAX} more`] : []),
    ...(rest > 0 ? [`  every run passed the ${rest} others`] : []),
  ].join("\n");
}

function objectiveLines(one: JoinedObjective): readonly string[] {
  const { what, outcome, passed, failed, unknown, mean, group } = one;
  const observed = mean.is === "absent" ? group.restrictedMean : mean;
  const must = showLimit({ ...one, observed, about: [] });
  return [
    `  ${outcome.padEnd(7)} ${what}: ${must}`,
    `      ${passed} pass, ${failed} fail, ${unknown} unknown`,
    `      mean over the runs ${showMeasured(mean)}`,
    // A share is no time to wait for.
    ...(mean.unit === "ms" && group.n > 1 ? [`      Kaplan and Meier: ${showGroup(group)}`] : []),
  ];
}
