import { inOrder } from "../measure/order-events.ts";
import type { Measured } from "../model/measured.ts";
import type { Episode, Measurement } from "../model/measurement.ts";
import type { Plan } from "../model/plan.ts";
import type { RunRecord } from "../model/record.ts";
import { showInterval, showLimit, showPatch, showPoint } from "../model/show.ts";
import { decides, type Finding, type Verdict } from "../model/verdict.ts";
import type { Reporter } from "../ports/reporter.ts";
import { charts } from "./html/charts.ts";
import { frameOf } from "./run/frame.ts";
import { affordedIn, ofBudget } from "./run/words.ts";
import { howCharts, howFindings, howNumbers } from "./html/how.ts";
import { lane } from "./html/lane.ts";
import { manyHtml } from "./html/many.ts";
import { card, folded, page } from "./html/page.ts";
import * as sections from "./html/sections.ts";
import { STYLE } from "./html/style.ts";
import { suiteHtml } from "./html/suite.ts";
import { escape, interval, table, whole } from "./html/text.ts";

/** One self-contained file: no script, no network, the same bytes for the same record. */
export const html: Reporter = {
  name: "html",
  about: "The report for people: one file that opens from disk.",
  file: "report.html",
  render: ({ record, measurement, verdict }) => {
    const events = inOrder(record.events);
    const frame = frameOf(measurement);
    const drawn = { record, measurement, frame };
    return page({
      title: `${verdict.experiment}: ${verdict.outcome}`,
      style: STYLE,
      head: [head(record, measurement, verdict), ...aborted(measurement)].join("\n"),
      sections: [
        { id: "numbers", title: "In numbers", html: numbers(record, measurement) },
        {
          id: "charts",
          title: "What clients saw and what the cluster did",
          html: [...charts(drawn), lane({ events, measurement, frame }), howCharts()].join("\n"),
        },
        { id: "findings", title: "Findings", html: findings(verdict) },
        {
          id: "waterfall",
          title: "What the seconds were due to",
          html: sections.waterfalls(measurement),
        },
        { id: "clocks", title: "Clocks", html: sections.clocks(measurement) },
        { id: "alerts", title: "Alerts", html: sections.alerts(measurement) },
        { id: "faults", title: "Faults", html: sections.steps(measurement) },
        { id: "scenarios", title: "Scenarios", html: sections.scenarios(measurement) },
        { id: "events", title: "Events", html: sections.events(events, measurement) },
        { id: "environment", title: "Environment", html: sections.environment(record) },
        { id: "files", title: "Raw files", html: sections.files(record) },
      ],
    });
  },
  suite: ({ suite }) => suiteHtml(suite),
  many: manyHtml,
};

function head(record: RunRecord, measurement: Measurement, verdict: Verdict): string {
  const level = measurement.level;
  const label =
    level === "real-gpu"
      ? "on real GPUs"
      : `evidence level <b>${escape(level)}</b>: not comparable with runs of another level`;
  return [
    `<header><h1>${escape(verdict.experiment)}</h1>`,
    `<p><span class="verdict ${verdict.outcome}">${verdict.outcome.toUpperCase()}</span></p>`,
    `<p>${escape(record.plan.hypothesis)}</p>`,
    ...(record.plan.patches ?? [])
      .flatMap(showPatch)
      .map((line) => `<p>patched: <code>${escape(line)}</code></p>`),
    `<p class="dim">seed ${escape(verdict.seed)} · ${escape(record.environment?.startedAt ?? "start unknown")} · ${label}</p>`,
    "</header>",
  ].join("");
}

function aborted({ completeness }: Measurement): readonly string[] {
  if (completeness.aborted === undefined) return [];
  return [`<p class="unknown">Ended before its time: ${escape(completeness.aborted)}</p>`];
}

function numbers(record: RunRecord, measurement: Measurement): string {
  const all = measurement.episodes.map(
    (episode) =>
      `<h3>${escape(sections.afterSteps(episode, measurement))}</h3><div class="cards">${cards(episode, record.plan).join("")}</div>`,
  );
  const none = '<p class="unknown">No fault took effect: there is nothing to measure.</p>';
  return [all.length === 0 ? none : all.join("\n"), howNumbers(record.plan.slo)].join("\n");
}

function cards(episode: Episode, { slo }: Plan): readonly string[] {
  const one = (what: string, measured: Measured, note: string): string => {
    if (measured.is === "absent")
      return card({ what, shows: "?", note: `${note}: ${measured.why}` });
    const range = showInterval(measured);
    return card({
      what,
      shows: showPoint(measured),
      note: [...(range === "" ? [] : [range]), note].join(" · "),
    });
  };
  return [
    ...Object.entries(episode.service).map(([name, { recovery, class: is, ramp }]) =>
      one(`clients well again, ${name} connections`, recovery, ramp ? `${is}, ramp` : is),
    ),
    one("capacity back", episode.capacity.recovery, episode.capacity.class),
    one("requests lost", episode.lost, "more than in the steady phase"),
    one(ofBudget(slo), episode.budget, "for one such fault"),
    one(affordedIn(slo), episode.affords, "at the offered rate"),
  ];
}

const ORDER = { fail: 0, unknown: 1, noted: 2, predicted: 3, pass: 4 } as const;

/** Those that pass are folded away where others are to be read. */
function findings({ findings: all }: Verdict): string {
  const sorted = [...all].sort((a, b) => ORDER[a.outcome] - ORDER[b.outcome]);
  const passed = sorted.filter(({ outcome }) => outcome === "pass");
  const others = sorted.filter(({ outcome }) => outcome !== "pass");
  const parts =
    others.length === 0
      ? [rows("Findings", passed)]
      : [rows("Findings", others), folded(`${passed.length} pass`, rows("Passed", passed))];
  return [...parts, howFindings()].join("");
}

function rows(caption: string, all: readonly Finding[]): string {
  const cells = all.map((finding) => [
    `<span class="${decides(finding.outcome) ? finding.outcome : "dim"}">${finding.outcome}</span>`,
    escape(finding.what),
    interval(finding.observed),
    whole(escape(showLimit(finding))),
    escape(finding.outcome === "pass" ? "" : (finding.hint ?? "")),
  ]);
  return table(caption, ["Outcome", "What", "Observed", "Limit", "What to do"], cells);
}
