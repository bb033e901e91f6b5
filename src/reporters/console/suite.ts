import { showMeasured } from "../../model/show.ts";
import { showMs } from "../../model/quantity.ts";
import type { ContrastResult, SuiteRecord, SuiteRun } from "../../model/suite.ts";
import {
  gotText,
  HEADLINE,
  lanesOf,
  pairText,
  ratioText,
  restartTexts,
  statedText,
} from "../suite/words.ts";

/** The summary of a suite, a screenful. */
export function suiteConsole(suite: SuiteRecord, folder: string): string {
  const quick = suite.quick ? " --quick" : "";
  return [
    `${HEADLINE[suite.asStated]}  ${suite.suite}  seed ${suite.seed}  (${showMs(suite.wallMs)})`,
    `  ${suite.about}`,
    "",
    ...suite.runs.flatMap(runLines),
    ...suite.leftOut.map(
      ({ experiment, why }) => `  ${"left out".padEnd(13)} ${experiment}: ${why}`,
    ),
    "",
    ...suite.contrasts.flatMap(contrastLines),
    `  report  ${folder}/report.html`,
    `  again   npm run experiment -- ${suite.suite}${quick} --seed ${suite.seed}`,
    "",
  ].join("\n");
}

function runLines(run: SuiteRun): readonly string[] {
  const told = HEADLINE[run.asStated].toLowerCase().padEnd(13);
  return [
    `  ${told} ${run.experiment}: ${gotText(run)}, stated ${statedText(run)}`,
    ...lanesOf(run.result).map(
      ({ what, lane }) =>
        `      ${what.padEnd(20)} ${lane.class.padEnd(12)} ${showMeasured(lane.recovery)}`,
    ),
    ...restartTexts(run.result).map((text) => `      ${text}`),
    ...run.why.map((why) => `      ${why}`),
    ...run.invalidTries.map(({ folder }) => `      an earlier try was INVALID: ${folder}`),
  ];
}

function contrastLines(contrast: ContrastResult): readonly string[] {
  const { title, before, after, pairs, notCompared } = contrast;
  const lines =
    notCompared === ""
      ? pairs.map((pair) => `      ${pair.what}: ${pairText(pair)}, ${ratioText(pair)}`)
      : [`      not compared: ${notCompared}`];
  return [`  ${title}: ${before} → ${after}`, ...lines, ""];
}
