import { clockInWords } from "../../model/clock-words.ts";
import type { Episode, Lane, Segment } from "../../model/measurement.ts";
import type { Ms } from "../../model/quantity.ts";
import { showMeasured } from "../../model/show.ts";
import { ADVICE_HEAD, adviceCells, dueTo, fallingLanes, foretold } from "../run/words.ts";
import { folded } from "./page.ts";
import { escape, interval, scrolling, table, whole } from "./text.ts";

const WIDTH = 960;
const LEFT = 8;
/** Where the bars end; what is right of it is for arrows. */
const RIGHT = 936;
const ROW = 40;
const BAR = 12;

/** Each lane as falling bars and as a table, and what to change, numbered from `before` + 1. */
export function waterfall(episode: Episode, before: number): string {
  const lanes = fallingLanes(episode);
  if (lanes.length === 0) return "";
  const rows = lanes.flatMap(({ name, lane }) =>
    lane.waterfall.map((segment) => [
      escape(name),
      `${escape(clockInWords(segment.from))} → ${escape(clockInWords(segment.to))}`,
      interval(segment.took),
      whole(escape(foretold(segment))),
      `<code>${escape(dueTo(segment))}</code>`,
    ]),
  );
  const head = ["Lane", "From, to", "Took", "Predicted", "Due to"];
  return [
    ...lanes.map(({ name, lane }) => figure(name, lane)),
    folded("The same as a table", table("Segments", head, rows)),
    advice(episode, before),
  ].join("");
}

function figure(name: string, { waterfall: segments }: Lane): string {
  const any = segments.some(({ cause }) => cause !== null);
  const key = any
    ? '<span class="key c1">measured</span><span class="key c2">predicted before the inject</span>'
    : "";
  const caption = `<figcaption><b>${escape(name)}</b> <span class="unit">what the seconds were due to</span>${key}</figcaption>`;
  return `<figure>${caption}${scrolling(name, svg(name, segments))}</figure>`;
}

const tookMs = ({ took }: Segment): Ms =>
  took.is === "absent" ? 0 : took.is === "value" ? took.value : took.low;

/** One row for each segment, which begins where the one before it ended. */
function svg(name: string, segments: readonly Segment[]): string {
  const total = Math.max(
    1,
    segments.reduce((sum, one) => sum + tookMs(one), 0),
  );
  const x = (ms: Ms): number => {
    const share = Math.min(1, Math.max(0, ms / total));
    return Number((LEFT + share * (RIGHT - LEFT)).toFixed(1));
  };
  const height = segments.length * ROW + 8;
  let sinceMs = 0;
  const rows = segments.map((segment, nth) => {
    const row = rowSvg(segment, { y: nth * ROW, sinceMs, x });
    sinceMs += tookMs(segment);
    return row;
  });
  const told = segments.map((one) => `${clockInWords(one.to)} ${showMeasured(one.took)}`);
  const summary = `${name}, from the effect on: ${told.join("; ")}`;
  return [
    `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escape(summary)}">`,
    ...rows,
    `<path class="grid" d="M${LEFT} 4V${height - 4}"/>`,
    "</svg>",
  ].join("");
}

function rowSvg(
  segment: Segment,
  { y, sinceMs, x }: { readonly y: number; readonly sinceMs: Ms; readonly x: (ms: Ms) => number },
): string {
  const { cause, to, took } = segment;
  const [from, until] = [x(sinceMs), x(sinceMs + tookMs(segment))];
  // One that is nearly nothing is still to be seen.
  const width = Math.max(1.5, Number((until - from).toFixed(1)));
  const label = [
    `${clockInWords(to)}: ${showMeasured(took)}`,
    cause ? `${cause.setting} of ${cause.object}` : "not attributed",
  ].join(" · ");
  const barY = y + 20;
  const middle = barY + BAR + 4;
  const colour = cause ? "c1" : "bad";
  const beyond = took.is === "beyond" ? `M${until} ${barY}l9 ${BAR / 2}l-9 ${BAR / 2}Z` : "";
  return [
    `<text class="falllabel" x="${LEFT + 6}" y="${y + 15}">${escape(label)}</text>`,
    `<rect class="bar ${colour}" x="${from}" y="${barY}" width="${width}" height="${BAR}"/>`,
    beyond === "" ? "" : `<path class="beyond ${colour}" d="${beyond}"/>`,
    cause ? rangeSvg(cause.predicted, { middle, sinceMs, x }) : "",
  ].join("");
}

/** Open at its end where it goes on beyond what was measured in all. */
function rangeSvg(
  { lowMs, highMs }: { readonly lowMs: Ms; readonly highMs: Ms },
  of: { readonly middle: number; readonly sinceMs: Ms; readonly x: (ms: Ms) => number },
): string {
  const [low, high] = [of.x(of.sinceMs + lowMs), of.x(of.sinceMs + highMs)];
  const end = high < RIGHT ? `M${high} ${of.middle - 3}v6` : "";
  return `<path class="c2" d="M${low} ${of.middle - 3}v6M${low} ${of.middle}H${high}${end}"/>`;
}

function advice({ advice: all = [] }: Episode, before: number): string {
  if (all.length === 0) return "";
  const rows = all.map((one, i) => [
    ...adviceCells(one, before + i + 1).map(escape),
    one.patch
      ? folded("JSON Patch", `<code>${escape(JSON.stringify(one.patch))}</code>`)
      : "no object of the stack",
  ]);
  const how =
    '<p class="dim">Try one: <code>--patch &lt;this folder&gt; --advice &lt;No.&gt;</code></p>';
  return `<h4>Advice</h4>${table("Advice", [...ADVICE_HEAD, "Patch"], rows)}${how}`;
}
