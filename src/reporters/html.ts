import { createHash } from "node:crypto";
import type { Measurement } from "../model/measurement.ts";
import type { RunRecord } from "../model/record.ts";
import { showLimit, showMeasured } from "../model/show.ts";
import { decides, type Verdict } from "../model/verdict.ts";
import type { Reporter } from "../ports/reporter.ts";
import { charts } from "./html/charts.ts";
import { artifacts, clocks, environment, events, how, scenarios, steps } from "./html/sections.ts";
import { STYLE } from "./html/style.ts";
import { suiteHtml } from "./html/suite.ts";
import { escape, table } from "./html/text.ts";

/** One self-contained file: no script, no network, the same bytes for the same record. */
export const html: Reporter = {
  name: "html",
  about: "The report for people: one file that opens from disk.",
  file: "report.html",
  render: ({ record, measurement, verdict }) => {
    const style = createHash("sha256").update(STYLE).digest("base64");
    const title = `${verdict.experiment}: ${verdict.outcome}`;
    return [
      '<!doctype html><html lang="en"><head><meta charset="utf-8">',
      `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${style}'">`,
      '<meta name="viewport" content="width=device-width, initial-scale=1">',
      `<title>${escape(title)}</title><style>${STYLE}</style></head><body><main>`,
      head(record, measurement, verdict),
      ...aborted(measurement),
      cards(measurement),
      "<h2>What clients saw and what the cluster did</h2>",
      ...charts(record, measurement),
      "<h2>Findings</h2>",
      findings(verdict),
      "<h2>Clocks</h2>",
      clocks(measurement),
      "<h2>Faults</h2>",
      steps(measurement),
      "<h2>Scenarios</h2>",
      scenarios(measurement),
      events(record, measurement),
      ...artifacts(record),
      environment(record),
      how(record),
      "</main></body></html>\n",
    ].join("\n");
  },
  suite: ({ suite }) => suiteHtml(suite),
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
    `<p class="dim">seed ${escape(verdict.seed)} · ${escape(record.environment?.startedAt ?? "start unknown")} · ${label}</p>`,
    "</header>",
  ].join("");
}

function aborted({ completeness }: Measurement): readonly string[] {
  if (completeness.aborted === undefined) return [];
  return [`<p class="unknown">Ended before its time: ${escape(completeness.aborted)}</p>`];
}

function cards(measurement: Measurement): string {
  const all = measurement.episodes.flatMap((episode) => [
    ...Object.entries(episode.service).map(([name, lane]) => ({
      what: `clients well again, ${name} connections`,
      shows: lane.recovery.is === "absent" ? "?" : showMeasured(lane.recovery),
      note: lane.ramp ? `${lane.class}, ramp` : lane.class,
    })),
    {
      what: "capacity back",
      shows:
        episode.capacity.recovery.is === "absent" ? "?" : showMeasured(episode.capacity.recovery),
      note: episode.capacity.class,
    },
    {
      what: "requests lost",
      shows: showMeasured(episode.lost),
      note: "more than in the steady phase",
    },
    {
      what: "of a 30-day error budget",
      shows: showMeasured(episode.budget),
      note: "for one such fault",
    },
  ]);
  const one = ({ what, shows, note }: (typeof all)[number]): string => {
    const [point = shows, interval] = shows.split(" [");
    const range = interval ? `[${interval} · ` : "";
    return `<div class="card"><span>${escape(what)}</span><b>${escape(point)}</b><span>${escape(range + note)}</span></div>`;
  };
  return `<div class="cards">${all.map(one).join("")}</div>`;
}

function findings(verdict: Verdict): string {
  const order = { fail: 0, unknown: 1, noted: 2, predicted: 3, pass: 4 } as const;
  const rows = [...verdict.findings]
    .sort((a, b) => order[a.outcome] - order[b.outcome])
    .map((finding) => [
      `<span class="${decides(finding.outcome) ? finding.outcome : "dim"}">${finding.outcome}</span>`,
      escape(finding.what),
      escape(showMeasured(finding.observed)),
      escape(showLimit(finding)),
      escape(finding.outcome === "pass" ? "" : (finding.hint ?? "")),
    ]);
  return table("Findings", ["Outcome", "What", "Observed", "Limit", "What to do"], rows);
}
