import { showFolder, showMeasured, showPoint } from "../../model/show.ts";
import { showMs } from "../../model/quantity.ts";
import type { ContrastResult, SuiteRecord, SuiteRun } from "../../model/suite.ts";
import {
  claimRows,
  evidenceText,
  gotText,
  HEADLINE,
  lanesOf,
  ONE_RUN_EACH,
  pairText,
  ratioText,
  restartTexts,
  statedText,
} from "../suite/words.ts";
import { code, plain, table } from "./text.ts";

/** A suite, fit for a comment on a pull request. */
export function suiteMarkdown(suite: SuiteRecord, folder: string): string {
  const evidence = evidenceText(suite);
  return [
    `### Suite ${code(suite.suite)}: ${HEADLINE[suite.asStated]}`,
    "",
    plain(suite.about),
    "",
    ...suite.contrasts.flatMap((contrast, at) => contrastLines(contrast, at === 0, suite)),
    ...runsLines(suite),
    ...whyLines(suite),
    ...restartLines(suite),
    ...leftOutLines(suite),
    ...(evidence === "" ? [] : [plain(evidence), ""]),
    `Seed ${code(suite.seed)}, wall time ${showMs(suite.wallMs)}. Files: ${code(showFolder(folder))} ` +
      `(${code("report.html")}, ${code("suite.json")}); again: ` +
      code(
        `npm run experiment -- ${suite.suite}${suite.quick ? " --quick" : ""} --seed ${suite.seed}`,
      ),
    "",
  ].join("\n");
}

function contrastLines(
  contrast: ContrastResult,
  headline: boolean,
  { claim }: SuiteRecord,
): readonly string[] {
  const title = `**${plain(contrast.title)}** (${plain(contrast.why)})`;
  const runs = `${code(contrast.before)} → ${code(contrast.after)}`;
  if (contrast.notCompared !== "") {
    return [`${title}: ${runs} not compared, as ${plain(contrast.notCompared)}.`, ""];
  }
  const rows = contrast.pairs.map((pair) => [
    plain(pair.what),
    plain(showMeasured(pair.before.recovery)),
    plain(showMeasured(pair.after.recovery)),
    plain(ratioText(pair)),
  ]);
  const [first] = contrast.pairs;
  return [
    `${title}: ${runs}, ${contrast.pairs.map((pair) => `${plain(pair.what)} **${plain(pairText(pair))}**`).join("; ")}`,
    "",
    ...table(["Lane", "Before", "After", ""], rows),
    "",
    ONE_RUN_EACH,
    "",
    ...(headline && claim && first
      ? [
          `${plain(claim.source)}: “${plain(claim.text)}”`,
          "",
          ...table(
            ["", "Claimed", `Here, ${plain(first.what)}`, "Scale: claimed / here"],
            claimRows(claim, first).map(({ when, claimed, here, scale }) =>
              [when, claimed, here, scale].map(plain),
            ),
          ),
          "",
        ]
      : []),
  ];
}

function runsLines({ runs }: SuiteRecord): readonly string[] {
  const rows = runs.map((run) => [
    code(run.experiment),
    plain(statedText(run)),
    plain(gotText(run)),
    plain(
      lanesOf(run.result)
        .map(({ what, lane }) => `${what}: ${lane.class} ${showPoint(lane.recovery)}`)
        .join("; "),
    ),
    HEADLINE[run.asStated].toLowerCase(),
  ]);
  return [...table(["Run", "Stated", "Got", "Recovery", ""], rows), ""];
}

function whyLines({ runs }: SuiteRecord): readonly string[] {
  const lines = runs.flatMap((run: SuiteRun) => [
    ...run.why.map((why) => `- ${code(run.experiment)}: ${plain(why)}`),
    ...run.invalidTries.map(
      ({ folder, why }) =>
        `- ${code(run.experiment)}: an earlier try was INVALID (${plain(why.join("; "))}), its record: ${code(folder)}`,
    ),
  ]);
  return lines.length === 0 ? [] : ["**To look at**", "", ...lines, ""];
}

function restartLines({ runs }: SuiteRecord): readonly string[] {
  const lines = runs.flatMap(({ experiment, result }) => {
    const texts = restartTexts(result);
    return texts.length === 0 ? [] : [`- ${code(experiment)}: ${plain(texts.join(", "))}`];
  });
  return lines.length === 0 ? [] : ["**Restarts**", "", ...lines, ""];
}

function leftOutLines({ leftOut }: SuiteRecord): readonly string[] {
  if (leftOut.length === 0) return [];
  const lines = leftOut.map(({ experiment, why }) => `- ${code(experiment)}: ${plain(why)}`);
  return ["**Left out**", "", ...lines, ""];
}
