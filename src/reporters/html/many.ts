// Many runs as one page: what ninety compare and ninety gate found.
import type { GateResult, Groups, RunOfGroup } from "../../model/comparison.ts";
import { showPoint } from "../../model/show.ts";
import type { ManyRuns } from "../../ports/reporter.ts";
import {
  comparisonTold,
  countText,
  gateTold,
  lookText,
  type ManyRunsTold,
  type MetricTold,
} from "../compare/words.ts";
import { card, folded, page } from "./page.ts";
import { STYLE } from "./style.ts";
import { measuredRuns, shiftSvg, survivalSvg, type CurveOf } from "./survival.ts";
import { escape, interval, scrolling, table, whole } from "./text.ts";

const MANY_STYLE = `${STYLE}
.curve{stroke-width:2}.blind{fill:var(--line);fill-opacity:.7}
`;
const COLOURS = ["c2", "c1"] as const;

/** One self-contained page, as a run's. */
export function manyHtml(many: ManyRuns, groups: Groups): string {
  const told = many.kind === "gate" ? gateTold(many.gate) : comparisonTold(many.comparison);
  const file = `${many.kind}.json`;
  return page({
    title: `${told.experiment}, ${many.kind}: ${told.outcome}`,
    style: MANY_STYLE,
    head: head(told, many.kind),
    sections: [
      { id: "looks", title: "Looks", html: many.kind === "gate" ? looks(many.gate) : "" },
      {
        id: "metrics",
        title: "Metric by metric",
        html:
          told.metrics.length === 0
            ? "<p>Nothing was compared yet.</p>"
            : [
                ...told.metrics.map((one) => metric(one, told, lookedAt(many, groups))),
                how(many.kind),
              ].join("\n"),
      },
      { id: "differs", title: "How the groups differ", html: differs(told) },
      { id: "runs", title: "Runs", html: runs(told, groups) },
      {
        id: "files",
        title: "Raw files",
        html: `<p><a href="${file}">${file}</a>: all of this as one object. Each run has a record of its own: see the runs.</p>`,
      },
    ],
  });
}

function head(told: ManyRunsTold, kind: ManyRuns["kind"]): string {
  const { experiment, outcome, about, level, why } = told;
  const cards = told.metrics
    .filter(({ sameAs }) => sameAs === undefined)
    .map(({ metric: what, reading, a, b }) =>
      card({ what, shows: reading, note: `median ${medianText(a)} → ${medianText(b)}` }),
    );
  return [
    `<header><h1>${escape(experiment)}: ${kind}</h1>`,
    `<p><span class="verdict ${outcome}">${outcome.toUpperCase()}</span></p>`,
    `<p>${escape(about)}; evidence level <b>${escape(level)}</b></p>`,
    why.length === 0 ? "" : `<ul>${why.map((one) => `<li>${escape(one)}</li>`).join("")}</ul>`,
    `<p class="dim">${told.rule.map(escape).join("; ")}</p></header>`,
    `<div class="cards">${cards.join("")}</div>`,
  ].join("");
}

/** Of a gate the candidates of its last look: those that came later are not compared yet. */
function lookedAt(many: ManyRuns, groups: Groups): Groups {
  if (many.kind === "comparison") return groups;
  const { looks: all, candidates } = many.gate;
  const runs = all.findLast(({ taken }) => taken)?.runs ?? 0;
  const compared = new Set(candidates.slice(0, runs).map(({ run }) => run));
  return { a: groups.a, b: groups.b.filter(({ facts }) => compared.has(facts.run)) };
}

const medianText = ({ n, median }: MetricTold["a"]): string => (n === 0 ? "?" : showPoint(median));

function looks({ objectives, regression, looks: all }: GateResult): string {
  const rows = [
    ["objectives", `<span class="${objectives}">${objectives}</span>`],
    ["regression", `<span class="${regression}">${regression}</span>`],
    ...all.map((look) => [`look at ${look.runs} runs`, escape(lookText(look))]),
  ];
  return table("Looks", ["What", "Told"], rows);
}

function metric(one: MetricTold, { names }: ManyRunsTold, groups: Groups): string {
  const title = `<h3>${escape(one.metric)}: <span class="${one.outcome}">${escape(one.reading)}</span></h3>`;
  if (one.sameAs !== undefined) {
    return `${title}${numbers(one, names)}<p class="dim">Tested as ${escape(one.sameAs)}: the same in another unit.</p>`;
  }
  const curves = [groups.a, groups.b].map((group, nth): CurveOf => ({
    name: names[nth] ?? "",
    colour: COLOURS[nth] ?? "c1",
    runs: measuredRuns(group, one.metric),
    median: (nth === 0 ? one.a : one.b).median,
  }));
  const isTime = one.shift.unit === "ms";
  const says = isTime ? "share of runs that are not back yet" : "share of runs that lost more";
  const keys = curves.map(
    ({ name, colour }) => `<span class="key ${colour}">${escape(name)}</span>`,
  );
  const svg = survivalSvg(one.metric, isTime ? "ms" : "count", curves);
  const shift = shiftSvg(one.metric, {
    shift: one.shift,
    detectable: one.detectable,
    text: one.shiftText,
  });
  const shiftFigure =
    shift === ""
      ? ""
      : `<figure><figcaption><b>Shift</b> <span class="unit">${escape(`${names[1]} against ${names[0]}; right of 0 is worse`)}</span></figcaption>${scrolling(`Shift of ${one.metric}`, shift)}</figure>`;
  return [
    title,
    `<figure><figcaption><b>${escape(one.metric)}</b> <span class="unit">${says}; below it each run</span> ${keys.join(" ")}</figcaption>${scrolling(one.metric, svg)}</figure>`,
    shiftFigure,
    numbers(one, names),
  ].join("");
}

function numbers(one: MetricTold, names: ManyRunsTold["names"]): string {
  const group = (name: string, of: MetricTold["a"]): readonly string[] => [
    escape(name),
    of.n === 0 ? "" : interval(of.median),
    of.n === 0 ? "" : interval(of.restrictedMean),
    escape(countText(of)),
  ];
  const rows = [group(names[0], one.a), group(names[1], one.b)];
  const more = [["shift", one.shiftText] as const, ...one.more].map(([what, text]) => [
    escape(what),
    escape(text),
  ]);
  return [
    table(`${one.metric}, groups`, ["Group", "Median", "Mean", "Runs"], rows),
    table(`${one.metric}, compared`, ["What", "Told"], more),
  ].join("");
}

function differs({ differs: all }: ManyRunsTold): string {
  if (all.length === 0) return "<p>In nothing that their records tell.</p>";
  return `<ul>${all.map((one) => `<li>${escape(one)}</li>`).join("")}</ul>`;
}

function runs({ names, metrics }: ManyRunsTold, groups: Groups): string {
  const columns = metrics.filter(({ sameAs }) => sameAs === undefined);
  const rows = (name: string, group: readonly RunOfGroup[]): readonly (readonly string[])[] =>
    [...group]
      .sort((one, other) => (order(one) < order(other) ? -1 : 1))
      .map(({ facts, link }) => [
        whole(`<a href="${escape(link)}">${escape(facts.run)}</a>`),
        escape(name),
        `<span class="${facts.outcome}">${facts.outcome}</span>`,
        escape(facts.seed),
        whole(escape(facts.startedAt ?? "unknown")),
        ...columns.map(({ metric: column }) => whole(escape(gotText(facts, column)))),
      ]);
  const head = ["Run", "Group", "Verdict", "Seed", "Started"];
  return table(
    "Runs",
    [...head, ...columns.map(({ metric: column }) => escape(column))],
    [...rows(names[0], groups.a), ...rows(names[1], groups.b)],
  );
}

const order = ({ facts }: RunOfGroup): string => `${facts.startedAt ?? ""} ${facts.run}`;

function gotText({ metrics }: RunOfGroup["facts"], name: string): string {
  const found = metrics.find((one) => one.metric === name);
  if (!found?.got) return "left out";
  const { time, ended } = found.got;
  return showPoint(
    ended
      ? { is: "value", unit: found.unit, value: time, low: time, high: time, n: 1 }
      : { is: "beyond", unit: found.unit, low: time, n: 1 },
  );
}

function how(kind: ManyRuns["kind"]): string {
  const own =
    kind === "gate"
      ? "The gate looks when so many candidates are there, always at the first ones by their start. A spending function gives each look its level, so that it may be asked again after every run. Tested is whether a metric is worse than what is tolerated."
      : "Tested is whether either group tends to be longer, two-sided.";
  return folded(
    "How these are computed",
    [
      "Runs are the unit, never requests. Of several episodes of a run the longest recovery counts, of losses the sum. A masked lane recovered in 0 s. A run that was not back when its observation ended is censored: longer than what was observed. INVALID ones say nothing, and are counted as left out.",
      "The curves are Kaplan and Meier's; a small stroke is a censored run. The median has the interval of the order statistics, the mean is restricted to what both groups observed.",
      "The test is Gehan's rank statistic with its exact permutation distribution; Holm over the metrics that are tested. The shift is Hodges and Lehmann's with the interval that the test does not reject. What could be seen is the smallest worsening that is found four times in five, by Noether's formula and the differences between runs of one group.",
      own,
    ]
      .map((text) => `<p>${escape(text)}</p>`)
      .join(""),
  );
}
