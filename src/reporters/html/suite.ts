import { showMeasured, showPoint } from "../../model/show.ts";
import { showMs } from "../../model/quantity.ts";
import type { ContrastResult, LaneResult, Pair, SuiteRecord, SuiteRun } from "../../model/suite.ts";
import {
  claimRows,
  COLOUR,
  evidenceText,
  gotText,
  HEADLINE,
  lanesOf,
  ONE_RUN_EACH,
  ratioText,
  restartTexts,
  statedText,
} from "../suite/words.ts";
import { bars } from "./bars.ts";
import { card, page } from "./page.ts";
import { STYLE } from "./style.ts";
import { escape, scrolling, table, whole } from "./text.ts";

/** What a suite has beside the style of a run. */
const SUITE_STYLE = `${STYLE}
.big{font-size:40px;font-weight:700;line-height:1.2;margin:2px 0 0}
.big span{white-space:nowrap}@media (max-width:700px){.big{font-size:28px}}
.big i{font-style:normal;color:var(--dim);font-weight:400;padding:0 .2em}
.big small{font-size:18px;font-weight:500;color:var(--dim);padding-left:.6em}
.whisker{stroke:var(--ink);stroke-width:1.4}.barlabel{fill:var(--ink);font-size:14px}
figure.contrast{padding:14px 18px 10px}figure.contrast figcaption{font-size:15px}
`;

/** One self-contained page, as a run's. */
export function suiteHtml(suite: SuiteRecord): string {
  const [headline, ...others] = suite.contrasts;
  return page({
    title: `${suite.suite}: ${HEADLINE[suite.asStated].toLowerCase()}`,
    style: SUITE_STYLE,
    head: [head(suite), headline ? contrast(headline) : "", evidence(suite)].join("\n"),
    sections: [
      {
        id: "claim",
        title: "What is claimed, beside what was measured",
        html: headline ? claim(suite, headline) : "",
      },
      { id: "runs", title: "Runs", html: runs(suite) },
      { id: "look", title: "To look at", html: toLookAt(suite) },
      { id: "contrasts", title: "Other contrasts", html: others.map(contrast).join("") },
      { id: "restarts", title: "Restarts", html: restarts(suite) },
      { id: "left-out", title: "Left out", html: leftOut(suite) },
      { id: "how", title: "How to read this", html: how(suite) },
    ],
  });
}

function head(suite: SuiteRecord): string {
  const asStated = suite.runs.filter((run) => run.asStated === "yes").length;
  const left = suite.leftOut.length;
  return [
    `<header><h1>${escape(suite.suite)}</h1>`,
    `<p><span class="verdict ${COLOUR[suite.asStated]}">${HEADLINE[suite.asStated]}</span></p>`,
    `<p>${escape(suite.about)}</p>`,
    `<p class="dim">seed ${escape(suite.seed)} · ${escape(suite.startedAt)} · ninety ${escape(suite.ninety)}</p>`,
    '</header><div class="cards">',
    card({
      what: "runs that ended as stated",
      shows: `${asStated} of ${suite.runs.length}`,
      note: "by outcome and classes",
    }),
    card({
      what: "wall time",
      shows: showMs(suite.wallMs),
      note: `at most ${suite.parallel} at a time`,
    }),
    ...(left > 0
      ? [card({ what: "left out", shows: String(left), note: "by --quick: see below" })]
      : []),
    "</div>",
  ].join("");
}

function contrast(one: ContrastResult): string {
  const { title, why, before, after, pairs, notCompared, level } = one;
  const caption = `<figcaption><b>${escape(title)}</b> <span class="unit">${escape(why)}</span></figcaption>`;
  if (notCompared !== "") {
    return `<figure class="contrast">${caption}<p class="unknown">${escape(before)} → ${escape(after)}: not compared, as ${escape(notCompared)}.</p></figure>`;
  }
  const summary = pairs
    .map((pair) => `${pair.what}: before ${told(pair.before)}, after ${told(pair.after)}`)
    .join("; ");
  const rows = pairs.flatMap((pair) => [
    { label: `${pair.what}, ${before}`, colour: "c2", recovery: pair.before.recovery },
    { label: `${pair.what}, ${after}`, colour: "c1", recovery: pair.after.recovery },
  ]);
  return [
    `<figure class="contrast">${caption}`,
    ...pairs.map(big),
    scrolling(title, bars(summary, rows)),
    `<p class="dim">From the effect of the fault until it was good again, for good; linear, from 0; evidence level ${escape(level ?? "")}. ${ONE_RUN_EACH}</p></figure>`,
  ].join("");
}

const told = (lane: LaneResult): string => `${lane.class}, ${showMeasured(lane.recovery)}`;

function big(pair: Pair): string {
  const { what, before, after } = pair;
  const short = ({ recovery }: LaneResult): string =>
    escape(recovery.is === "absent" ? "?" : showPoint(recovery));
  return (
    `<p class="dim">${escape(what)}: ${before.class} before, ${after.class} after</p>` +
    `<p class="big"><span class="c2">${short(before)}</span><i>→</i><span class="c1">${short(after)}</span>` +
    `<small>${escape(ratioText(pair))}</small></p>`
  );
}

function claim({ claim: claimed }: SuiteRecord, headline: ContrastResult): string {
  const [pair] = headline.pairs;
  if (!claimed) return "";
  const quote = `<p>${escape(claimed.source)}: “${escape(claimed.text)}”</p>`;
  if (!pair) {
    const said = `${showMs(claimed.beforeMs)} → ${showMs(claimed.afterMs)}`;
    return `${quote}<p>${escape(said)}; there is nothing here to set beside it.</p>`;
  }
  const rows = claimRows(claimed, pair).map(({ when, claimed: there, here, scale }) =>
    [when, there, here, scale].map(escape),
  );
  return [
    quote,
    table("Claim", ["Run", "Claimed", `Here, ${escape(pair.what)}`, "Scale: claimed / here"], rows),
  ].join("");
}

function evidence(suite: SuiteRecord): string {
  const text = evidenceText(suite);
  return text === "" ? "" : `<p class="dim">${escape(text)}</p>`;
}

function runs(suite: SuiteRecord): string {
  const head = ["Run", "Stated", "Got", "Service", "Capacity", "Evidence", "Took", "Ended"];
  return table("Runs", head, suite.runs.map(runRow));
}

function runRow(run: SuiteRun): readonly string[] {
  const { experiment, about, folder, result, wallMs, asStated } = run;
  const name =
    folder === null
      ? escape(experiment)
      : `<a href="./${escape(folder)}/report.html">${escape(experiment)}</a>`;
  const lanes = lanesOf(result);
  const cell = (own: typeof lanes): string =>
    own
      .map(({ what, lane }) => {
        const label = what.replace(/^(service, |capacity( after )?)/, "");
        const name = label === "" ? "" : `${escape(label)}: `;
        const shows = escape(showMeasured(lane.recovery));
        return `${name}${lane.class}<br>${lane.recovery.is === "absent" ? shows : whole(shows)}`;
      })
      .join("<br>");
  const got = gotText(run);
  return [
    `${name}${about === "" ? "" : `<br><span class="dim">${escape(about)}</span>`}`,
    escape(statedText(run)),
    `<span class="${result?.outcome ?? "unknown"}">${escape(got)}</span>`,
    cell(lanes.filter(({ what }) => what.startsWith("service"))),
    cell(lanes.filter(({ what }) => what.startsWith("capacity"))),
    whole(escape(result?.level ?? "")),
    whole(wallMs === null ? "" : escape(showMs(wallMs))),
    `<b class="whole ${COLOUR[asStated]}">${HEADLINE[asStated].toLowerCase()}</b>`,
  ];
}

/** What is not as stated, and the tries that could not be judged. */
function toLookAt({ runs: all }: SuiteRecord): string {
  const rows = all.flatMap(({ experiment, why, invalidTries, asStated }) => [
    ...why.map((one) => [
      escape(experiment),
      `<span class="${COLOUR[asStated]}">${escape(one)}</span>`,
    ]),
    ...invalidTries.map((one) => [
      escape(experiment),
      `an earlier try was INVALID: ${escape(one.why.join("; "))} (<a href="./${escape(one.folder)}/report.html">its report</a>)`,
    ]),
  ]);
  return rows.length === 0 ? "" : table("To look at", ["Run", "What"], rows);
}

function restarts({ runs: all }: SuiteRecord): string {
  const rows = all.flatMap(({ experiment, result }) => {
    const texts = restartTexts(result);
    return texts.length === 0 ? [] : [[escape(experiment), escape(texts.join(", "))]];
  });
  return rows.length === 0 ? "" : table("Restarts", ["Run", "Restarts by pod"], rows);
}

function leftOut({ leftOut: all }: SuiteRecord): string {
  if (all.length === 0) return "";
  const rows = all.map(({ experiment, about, why }) => [experiment, about, why].map(escape));
  return table("Left out", ["Run", "About", "Why"], rows);
}

function how({ quick, suite, seed }: SuiteRecord): string {
  const again = `npm run experiment -- ${suite}${quick ? " --quick" : ""} --seed ${seed}`;
  return [
    "<p>A run is as stated when it ended with the outcome that the suite states and every episode has the classes that it states. No: a measured outcome or class is another. Unknown: there is no result, or the run itself ended unknown. A run that must fail and fails is as stated.</p>",
    `<p>Every run has a record of its own, from which this page can be made again with <code>ninety report</code>; raw: <a href="suite.json">suite.json</a>. Run it again: <code>${escape(again)}</code></p>`,
  ].join("");
}
