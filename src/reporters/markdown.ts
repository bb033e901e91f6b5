import type { Episode, Measurement } from "../model/measurement.ts";
import type { Measured } from "../model/measured.ts";
import type { RunRecord } from "../model/record.ts";
import {
  showFolder,
  showInterval,
  showLimit,
  showMeasured,
  showNumber,
  showPoint,
} from "../model/show.ts";
import { decides, type Verdict } from "../model/verdict.ts";
import type { Reporter } from "../ports/reporter.ts";
import { suiteMarkdown } from "./markdown/suite.ts";
import { code, plain, table } from "./markdown/text.ts";
import { ADVICE_HEAD, adviceCells, dueTo, fallingLanes, foretold, meaning } from "./run/words.ts";

/** Fit for a comment on a pull request: no HTML, no picture, the same bytes wherever it ran. */
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
      ...stepLines(measurement),
      ...measurement.episodes.flatMap(episodeLines),
      ...findingLines(verdict),
      ...problemLines(measurement),
      ...planLines(record),
      `Files: ${code(showFolder(folder))} (${code("report.html")} opens from disk); ` +
        `again: ${code(`npm run experiment -- ${record.plan.experiment} --seed ${verdict.seed}`)}`,
      "",
    ].join("\n"),
  suite: ({ suite, folder }) => suiteMarkdown(suite, folder),
};

function planLines({ environment }: RunRecord): readonly string[] {
  const hash = environment?.planSha256;
  return hash === undefined ? [] : [`Plan: ${code(hash)} (SHA-256 of ${code("plan.json")})`, ""];
}

function stepLines({ steps }: Measurement): readonly string[] {
  const lines = steps.map(
    ({ id, fault, proved, healed, targets }) =>
      `- ${id} ${code(fault)} on ${plain(targets.join(", ") || "nothing")}: ${proved}, ${healed}`,
  );
  return lines.length === 0 ? [] : [...lines, ""];
}

function episodeLines(episode: Episode): readonly string[] {
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
    row("of a 30-day error budget", "", episode.budget),
  ];
  return [
    `Recovery after ${episode.steps.join(", ")}:`,
    "",
    ...table(["Lane", "Class", "Value", "Interval", "n"], rows),
    "",
    ...fallLines(episode),
    ...adviceLines(episode),
  ];
}

/** Only what was predicted: without causes there is nothing to do about it. */
function fallLines(episode: Episode): readonly string[] {
  if (episode.predicted === undefined) return [];
  const rows = fallingLanes(episode).flatMap(({ name, lane }) =>
    lane.waterfall.map((segment) => [
      plain(name),
      plain(`${meaning(segment.from)} → ${meaning(segment.to)}`),
      plain(showPoint(segment.took)),
      plain(foretold(segment)),
      plain(dueTo(segment)),
    ]),
  );
  if (rows.length === 0) return [];
  const head = ["Lane", "From, to", "Took", "Predicted", "Due to"];
  return ["What the seconds were due to:", "", ...table(head, rows), ""];
}

function adviceLines({ advice = [] }: Episode): readonly string[] {
  if (advice.length === 0) return [];
  const rows = advice.map((one) => [
    ...adviceCells(one).map(plain),
    one.patch ? code(JSON.stringify(one.patch.operations)) : "no object of the stack",
  ]);
  return ["Advice:", "", ...table([...ADVICE_HEAD, "JSON Patch"], rows), ""];
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
