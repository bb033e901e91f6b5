import { clockInWords } from "../model/clock-words.ts";
import type { Episode, Measurement } from "../model/measurement.ts";
import type { Measured } from "../model/measured.ts";
import type { Plan } from "../model/plan.ts";
import type { RunRecord } from "../model/record.ts";
import {
  showFolder,
  showInterval,
  showLimit,
  showMeasured,
  showNumber,
  showPatch,
  showPoint,
} from "../model/show.ts";
import { decides, type Verdict } from "../model/verdict.ts";
import type { Reporter } from "../ports/reporter.ts";
import { manyMarkdown } from "./markdown/many.ts";
import { suiteMarkdown } from "./markdown/suite.ts";
import { sparkLines } from "./markdown/spark.ts";
import { code, plain, table } from "./markdown/text.ts";
import { ALERT_HEAD, alertRows } from "./run/alerts.ts";
import {
  ADVICE_HEAD,
  adviceBefore,
  adviceCells,
  affordedIn,
  again,
  dueTo,
  fallingLanes,
  foretold,
  ofBudget,
  pictureText,
} from "./run/words.ts";

/**
 * Fit for a comment on a pull request: no HTML, the same bytes wherever it ran. The picture is a
 * file beside it, as comments take no other (docs/REPORTS.md); where it does not show, its text
 * does, and the few signs below it.
 */
export const markdown: Reporter = {
  name: "markdown",
  about: "Verdict, lanes and what to do, for a comment on a pull request.",
  file: "report.md",
  render: ({ record, measurement, verdict, folder }) =>
    [
      `### ${code(verdict.experiment)}: ${verdict.outcome.toUpperCase()}`,
      "",
      `${plain(record.plan.hypothesis)} (seed ${code(verdict.seed)}, evidence level ${measurement.level})`,
      "",
      ...patchLines(record.plan),
      `![${plain(pictureText(measurement, verdict))}](report.svg)`,
      "",
      ...sparkLinesOf(measurement),
      ...stepLines(measurement),
      ...measurement.episodes.flatMap((episode) => [
        ...episodeLines(episode, record.plan),
        ...adviceLines(episode, adviceBefore(measurement, episode)),
        ...alertLines(episode),
      ]),
      ...findingLines(verdict),
      ...problemLines(measurement),
      ...planLines(record),
      `Files: ${code(showFolder(folder))} (${code("report.html")} opens from disk); ` +
        `again: ${code(again(record.plan, showFolder(folder)))}`,
      "",
    ].join("\n"),
  suite: ({ suite, folder }) => suiteMarkdown(suite, folder),
  many: manyMarkdown,
};

function sparkLinesOf(measurement: Measurement): readonly string[] {
  const lines = sparkLines(measurement);
  return lines.length === 0 ? [] : ["```text", ...lines.map(fenced), "```", ""];
}

/** A name could close the fence. */
const fenced = (line: string): string =>
  line.replaceAll(/[`\s]/g, (sign) => (sign === "`" ? "'" : " "));

function planLines({ environment }: RunRecord): readonly string[] {
  const hash = environment?.planSha256;
  return hash === undefined ? [] : [`Plan: ${code(hash)} (SHA-256 of ${code("plan.json")})`, ""];
}

function patchLines({ patches = [] }: Plan): readonly string[] {
  if (patches.length === 0) return [];
  const lines = patches.flatMap(showPatch).map((line) => `- ${code(line)}`);
  return ["The stack was patched for this run:", "", ...lines, ""];
}

function stepLines({ steps }: Measurement): readonly string[] {
  const lines = steps.map(
    ({ id, fault, proved, healed, targets }) =>
      `- ${id} ${code(fault)} on ${plain(targets.join(", ") || "nothing")}: ${proved}, ${healed}`,
  );
  return lines.length === 0 ? [] : [...lines, ""];
}

function episodeLines(episode: Episode, { slo }: Plan): readonly string[] {
  const row = (what: string, is: string, measured: Measured): readonly string[] => [
    plain(what),
    is,
    plain(showPoint(measured)),
    plain(showInterval(measured)),
    measured.is === "absent" ? "" : showNumber(measured.n),
  ];
  const rows = [
    ...Object.entries(episode.service).map(([name, lane]) =>
      row(
        `service, ${name} connections`,
        lane.ramp ? `${lane.class}, ramp` : lane.class,
        lane.recovery,
      ),
    ),
    row("capacity", episode.capacity.class, episode.capacity.recovery),
    row("requests lost", "", episode.lost),
    row("as a full outage", "", episode.outageMs),
    row(ofBudget(slo), "", episode.budget),
    row(affordedIn(slo), "", episode.affords),
  ];
  return [
    `Recovery after ${episode.steps.join(", ")}:`,
    "",
    ...table(["Lane", "Class", "Value", "Interval", "n"], rows),
    "",
    ...fallLines(episode),
  ];
}

function alertLines(episode: Episode): readonly string[] {
  const rows = alertRows(episode).map((cells) => cells.map(plain));
  return ["Alerts on the burn rate of the error budget:", "", ...table(ALERT_HEAD, rows), ""];
}

/** Only what was predicted: without causes there is nothing to do about it. */
function fallLines(episode: Episode): readonly string[] {
  if (episode.predicted === undefined) return [];
  const rows = fallingLanes(episode).flatMap(({ name, lane }) =>
    lane.waterfall.map((segment) => [
      plain(name),
      plain(`${clockInWords(segment.from)} → ${clockInWords(segment.to)}`),
      plain(showPoint(segment.took)),
      plain(foretold(segment)),
      plain(dueTo(segment)),
    ]),
  );
  if (rows.length === 0) return [];
  const head = ["Lane", "From, to", "Took", "Predicted", "Due to"];
  return ["What the seconds were due to:", "", ...table(head, rows), ""];
}

function adviceLines({ advice = [] }: Episode, before: number): readonly string[] {
  if (advice.length === 0) return [];
  const rows = advice.map((one, i) => [
    ...adviceCells(one, before + i + 1).map(plain),
    one.patch ? code(JSON.stringify(one.patch.operations)) : "no object of the stack",
  ]);
  return [
    "Advice (try one: `--patch <this folder> --advice <No.>`):",
    "",
    ...table([...ADVICE_HEAD, "JSON Patch"], rows),
    "",
  ];
}

function findingLines({ findings }: Verdict): readonly string[] {
  const order = { fail: 0, unknown: 1, noted: 2, predicted: 3, pass: 4 } as const;
  const judged = findings.filter(({ outcome }) => decides(outcome));
  const predicted = findings.filter(({ outcome }) => outcome === "predicted").length;
  const told = [
    `${judged.filter(({ outcome }) => outcome === "pass").length} of ${judged.length} findings pass.`,
    ...(predicted > 0 ? [`${predicted} predicted and accepted.`] : []),
  ].join(" ");
  const wrong = findings
    .filter(({ outcome }) => outcome !== "pass")
    .sort((a, b) => order[a.outcome] - order[b.outcome]);
  if (wrong.length === 0) return [told, ""];
  const rows = wrong.map((finding) => [
    `**${finding.outcome}**`,
    plain(finding.what),
    plain(showMeasured(finding.observed)),
    plain(showLimit(finding)),
    plain(finding.hint ?? ""),
  ]);
  return [told, "", ...table(["Outcome", "What", "Observed", "Must be", "What to do"], rows), ""];
}

function problemLines({ completeness }: Measurement): readonly string[] {
  const { problems } = completeness;
  if (problems.length === 0) return [];
  return [
    "The record has problems:",
    "",
    ...problems.slice(0, 5).map((one) => `- ${plain(one)}`),
    "",
  ];
}
