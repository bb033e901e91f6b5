import type { Episode, Lane, Measurement } from "../model/measurement.ts";
import type { Plan } from "../model/plan.ts";
import type { RunRecord } from "../model/record.ts";
import { showLimit, showMeasured, showPatch } from "../model/show.ts";
import type { Finding, Verdict } from "../model/verdict.ts";
import type { Reporter } from "../ports/reporter.ts";
import { suiteConsole } from "./console/suite.ts";
import { firstPage, realText } from "./run/alerts.ts";
import { affordedIn, again, ofBudget } from "./run/words.ts";

const WORD = { pass: "PASS", fail: "FAIL", unknown: "UNKNOWN" } as const;
const FINDINGS_MAX = 14;

/** The summary of a run, a screenful. */
export const consoleSummary: Reporter = {
  name: "console",
  about: "Verdict, clocks and findings as plain text.",
  file: null,
  render: ({ record, measurement, verdict, folder }) =>
    [
      `${WORD[verdict.outcome]}  ${verdict.experiment}  seed ${verdict.seed}  (${measurement.level})`,
      `  ${record.plan.hypothesis}`,
      ...(record.plan.patches ?? []).flatMap(showPatch).map((line) => `  patched ${line}`),
      ...(measurement.completeness.aborted === undefined
        ? []
        : [`  ended before its time: ${measurement.completeness.aborted}`]),
      "",
      ...measurement.steps.map(
        (step) =>
          `  ${step.id} ${step.fault}: ${step.proved}, ${step.healed} on ${step.targets.join(", ") || "nothing"}`,
      ),
      "",
      ...measurement.episodes.flatMap((episode) => showEpisode(episode, record.plan)),
      ...showFindings(verdict),
      ...showProblems(measurement),
      "",
      `  report  ${folder}/report.html`,
      ...showArtifacts(record, folder),
      ...showPlan(record),
      `  again   ${again(record.plan, folder)}`,
      "",
    ].join("\n"),
  suite: ({ suite, folder }) => suiteConsole(suite, folder),
};

function showArtifacts({ artifacts }: RunRecord, folder: string): readonly string[] {
  if (!artifacts) return [];
  return [`  logs    ${folder}/artifacts  (${artifacts.files.length} files)`];
}

function showPlan({ environment }: RunRecord): readonly string[] {
  const hash = environment?.planSha256;
  return hash === undefined ? [] : [`  plan    ${hash}`];
}

function row(label: string, text: string): string {
  return `  ${label.padEnd(34)} ${text}`;
}

function showEpisode(episode: Episode, { slo }: Plan): readonly string[] {
  const lane = (label: string, of: Lane, scenario: string | null): readonly string[] => [
    row(label, `${of.class.padEnd(12)} ${showMeasured(of.recovery)}${of.ramp ? ", ramp" : ""}`),
    ...episode.reasons
      .filter((reason) => reason.scenario === scenario)
      .map(({ what }) => `      because ${what}`),
  ];
  const detectors = Object.entries(episode.clocks)
    .filter(([name, clock]) => name.startsWith("det:") && clock.is === "value")
    .map(([name, clock]) => row(`  noticed by ${name.slice(4)}`, sinceEffect(episode, clock)));
  return [
    row(`after ${episode.steps.join(", ")} took effect`, ""),
    row("  clients first hurt", sinceEffect(episode, episode.clocks["imp"])),
    ...detectors,
    ...Object.entries(episode.service).flatMap(([name, one]) =>
      lane(`  service, ${name} connections`, one, name),
    ),
    ...lane("  capacity", episode.capacity, null),
    row("  requests lost", showMeasured(episode.lost)),
    row("  as a full outage", showMeasured(episode.outageMs)),
    row(`  ${ofBudget(slo)}`, showMeasured(episode.budget)),
    row(`  ${affordedIn(slo)}`, showMeasured(episode.affords)),
    row("  page for its burn rate due", firstPage(episode.burnRate)),
    ...episode.burnRate.real.map((real) => row(`  alert ${real.name}`, realText(real))),
    "",
  ];
}

/** A clock, told from the instant at which the effect was there. */
function sinceEffect(episode: Episode, clock: Episode["clocks"][string] | undefined): string {
  const effect = episode.clocks["inj"];
  if (clock?.is !== "value" || effect?.is !== "value") return clock ? showMeasured(clock) : "never";
  const { low, high, value, n } = clock;
  const from = effect.value;
  return showMeasured({
    is: "value",
    unit: "us",
    value: value - from,
    low: low - from,
    high: high - from,
    n,
  });
}

function showFindings(verdict: Verdict): readonly string[] {
  const order = { fail: 0, unknown: 1, noted: 2, predicted: 3, pass: 4 } as const;
  const sorted = [...verdict.findings].sort((a, b) => order[a.outcome] - order[b.outcome]);
  const shown = sorted.slice(0, FINDINGS_MAX);
  const more = sorted.length - shown.length;
  return [
    "  findings",
    ...shown.flatMap(showFinding),
    ...(more > 0 ? [`    and ${more} more that ${more === 1 ? "is" : "are"} in the report`] : []),
  ];
}

function showFinding(finding: Finding): readonly string[] {
  const line = `    ${finding.outcome.padEnd(7)} ${finding.what}: ${showMeasured(finding.observed)}, ${showLimit(finding)}`;
  return finding.outcome === "pass" || !finding.hint
    ? [line]
    : [line, `            ${finding.hint}`];
}

function showProblems(measurement: Measurement): readonly string[] {
  const { problems } = measurement.completeness;
  if (problems.length === 0) return [];
  return [
    "",
    "  problems of the record",
    ...problems.slice(0, 5).map((problem) => `    ${problem}`),
  ];
}
