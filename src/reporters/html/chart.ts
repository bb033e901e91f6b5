import type { Us } from "../../model/quantity.ts";
import { showNumber } from "../../model/show.ts";
import type { Frame } from "../run/frame.ts";
import { after, escape, scrolling } from "./text.ts";

export const WIDTH = 960;
export const LEFT = 52;
export const RIGHT = 12;
const TOP = 36;
const BOTTOM = 24;

export interface Line {
  readonly label: string;
  /** Colour class: c1 to c6, good, bad, other. */
  readonly colour: string;
  /** `stack`: an area that hides what was drawn before it. */
  readonly shape: "line" | "area" | "stack";
  /** A value holds from its instant to the next one. */
  readonly atUs: readonly Us[];
  readonly values: readonly (number | null)[];
  /** Where the value is infinite: told at the upper edge. */
  readonly beyond?: readonly boolean[];
  readonly isFaint?: boolean;
}

export interface ChartOptions {
  readonly frame: Frame;
  readonly title: string;
  /** What the chart shows, for those who do not see it; what its lines do is added. */
  readonly summary: string;
  readonly unit: string;
  readonly height?: number;
  readonly topMin?: number;
  readonly isCount?: boolean;
  readonly lines: readonly Line[];
  /** Horizontal lines: limits. */
  readonly limits?: readonly { readonly value: number; readonly label: string }[];
}

/** One chart as static SVG: it needs no script, prints, and is the same bytes each time. */
export function chart(options: ChartOptions): string {
  const svg = chartSvg(options);
  return `<figure>${caption(options)}${scrolling(options.title, svg)}</figure>`;
}

function caption({ title, unit, lines }: ChartOptions): string {
  const keys = lines.map(
    ({ colour, label, isFaint }) =>
      `<span class="key ${colour}${isFaint ? " faint" : ""}">${escape(label)}</span>`,
  );
  const beyond = lines.some((line) => line.beyond?.includes(true))
    ? ['<span class="key over">at the upper edge: infinitely slow</span>']
    : [];
  return `<figcaption><b>${escape(title)}</b> <span class="unit">${escape(unit)}</span> ${[...keys, ...beyond].join(" ")}</figcaption>`;
}

/** The picture alone. `y`: where it stands in another one. */
export function chartSvg(options: ChartOptions, y?: number): string {
  const { height = 184, frame } = options;
  const top = topOf(options);
  const scale: Scale = {
    x: xOf(frame),
    y: (value) => TOP + (1 - Math.min(value, top) / top) * (height - TOP - BOTTOM),
    top,
    height,
  };
  return svgOf({ height, label: summaryOf(options), ...(y === undefined ? {} : { y }) }, [
    ...bandsSvg(frame, height),
    ...levelsSvg(options, scale),
    ...timeAxisSvg(frame, height),
    ...options.lines.map((line) => lineSvg(line, frame, scale)),
    ...(options.limits ?? []).map((limit) => limitSvg(limit, scale)),
    ...marksSvg(frame, height),
  ]);
}

interface Scale {
  readonly x: (us: Us) => number;
  readonly y: (value: number) => number;
  readonly top: number;
  readonly height: number;
}

export function svgOf(
  of: { readonly height: number; readonly label: string; readonly y?: number },
  parts: readonly string[],
): string {
  const place = of.y === undefined ? "" : ` y="${of.y}" width="${WIDTH}" height="${of.height}"`;
  return `<svg viewBox="0 0 ${WIDTH} ${of.height}"${place} role="img" aria-label="${escape(of.label)}">${parts.join("")}</svg>`;
}

export const xOf =
  ({ fromUs, untilUs }: Pick<Frame, "fromUs" | "untilUs">) =>
  (us: Us): number =>
    LEFT + ((us - fromUs) / Math.max(1, untilUs - fromUs)) * (WIDTH - LEFT - RIGHT);

export const fixed = (value: number): string => String(Number(value.toFixed(1)));

function topOf({ lines, limits = [], topMin = 0, isCount = false }: ChartOptions): number {
  // One by one: a long run has more values than a call may have arguments.
  const most = lines
    .flatMap(({ values }) => values)
    .reduce((all: number, one) => Math.max(all, one ?? 0), topMin);
  const value = limits.reduce((all, limit) => Math.max(all, limit.value), most);
  // What is infinite is drawn at the upper edge, above all that has a value.
  const isOver = lines.some(({ beyond }) => beyond?.includes(true));
  return isCount ? 2 * Math.ceil(value / 2) : niceTop(isOver ? value * 1.25 : value);
}

/** 1, 2 or 5 times a power of ten, or so, at least the value. */
export function niceTop(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((one) => one * power >= value) ?? 10;
  return step * power;
}

/** What each line does, in words. */
function summaryOf({ summary, lines, frame }: ChartOptions): string {
  const told = lines.map(({ label, atUs, values, beyond }) => {
    let least: number | null = null;
    let most: number | null = null;
    values.forEach((value, at) => {
      if (value === null) return;
      if (least === null || value < (values[least] ?? value)) least = at;
      if (most === null || value > (values[most] ?? value)) most = at;
    });
    if (least === null || most === null) return `${label}: nothing`;
    const when = (at: number): string =>
      `${showNumber(values[at] ?? 0)} at ${after(atUs[at] ?? 0, frame.originUs)}`;
    const range =
      values[least] === values[most]
        ? `always ${showNumber(values[least] ?? 0)}`
        : `least ${when(least)}, most ${when(most)}`;
    const first = beyond?.indexOf(true) ?? -1;
    const over =
      first === -1
        ? ""
        : `, infinite in ${beyond?.filter(Boolean).length} places from ${after(atUs[first] ?? 0, frame.originUs)} on`;
    return `${label}: ${range}${over}`;
  });
  return `${summary}. ${told.join("; ")}.`;
}

export function bandsSvg(frame: Frame, height: number): readonly string[] {
  const x = xOf(frame);
  return frame.bands.flatMap((band) => {
    const from = x(Math.max(band.fromUs, frame.fromUs));
    const until = x(Math.min(band.untilUs, frame.untilUs));
    if (until <= from) return [];
    return [
      `<rect class="band" x="${fixed(from)}" y="${TOP}" width="${fixed(until - from)}" height="${height - TOP - BOTTOM}"/>` +
        `<text class="note" x="${fixed(from + 4)}" y="${TOP + 11}">${escape(band.label)}</text>`,
    ];
  });
}

function levelsSvg({ unit }: ChartOptions, { y, top }: Scale): readonly string[] {
  return [0, top / 2, top].map(
    (value) =>
      `<path class="grid" d="M${LEFT} ${fixed(y(value))}H${WIDTH - RIGHT}"/>` +
      `<text class="tick" x="${LEFT - 6}" y="${fixed(y(value) + 4)}" text-anchor="end">${showNumber(value)}${unit === "%" ? " %" : ""}</text>`,
  );
}

const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600, 86_400];

export function timeAxisSvg(frame: Frame, height: number): readonly string[] {
  const x = xOf(frame);
  const spanS = (frame.untilUs - frame.fromUs) / 1_000_000;
  const everyS = STEPS_S.find((step) => spanS / step <= 14) ?? 86_400;
  const first = Math.ceil((frame.fromUs - frame.originUs) / 1_000_000 / everyS);
  const last = Math.floor((frame.untilUs - frame.originUs) / 1_000_000 / everyS);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => {
    const seconds = (first + at) * everyS;
    const tickX = fixed(x(frame.originUs + seconds * 1_000_000));
    return (
      `<path class="grid" d="M${tickX} ${height - BOTTOM}v4"/>` +
      `<text class="tick" x="${tickX}" y="${height - 6}" text-anchor="middle">${seconds < 0 ? "−" : ""}${Math.abs(seconds)} s</text>`
    );
  });
}

function limitSvg(limit: { readonly value: number; readonly label: string }, { y }: Scale): string {
  const level = y(limit.value);
  return (
    `<path class="limit" d="M${LEFT} ${fixed(level)}H${WIDTH - RIGHT}"/>` +
    `<text class="note" x="${WIDTH - RIGHT}" y="${fixed(level - 3)}" text-anchor="end">${escape(limit.label)}</text>`
  );
}

/** Runs of values that hold one after the other, each [from, until, value]. */
function runsOf(
  { atUs, values }: Pick<Line, "atUs" | "values">,
  everyUs: Us,
): readonly (readonly (readonly [Us, Us, number])[])[] {
  const runs: [Us, Us, number][][] = [];
  let run: [Us, Us, number][] = [];
  atUs.forEach((us, at) => {
    const value = values[at];
    const last = run.at(-1);
    if (value === null || value === undefined) {
      run = [];
    } else if (last && last[2] === value) {
      last[1] = us + everyUs;
    } else {
      if (run.length === 0) runs.push(run);
      run.push([us, us + everyUs, value]);
    }
  });
  return runs;
}

function lineSvg(line: Line, { everyUs, untilUs: endUs }: Frame, { x, y }: Scale): string {
  const isLine = line.shape === "line";
  const d = runsOf(line, everyUs).map((run) => {
    const steps = run.map(
      ([from, until, value], at) =>
        `${at === 0 ? `M${fixed(x(from))} ${fixed(y(value))}` : `V${fixed(y(value))}`}H${fixed(x(Math.min(until, endUs)))}`,
    );
    const [first] = run;
    return isLine || !first
      ? steps.join("")
      : `${steps.join("")}V${fixed(y(0))}H${fixed(x(first[0]))}Z`;
  });
  const classes = [line.shape, line.colour, ...(line.isFaint ? ["faint"] : [])].join(" ");
  return `<path class="${classes}" d="${d.join("")}"/>${beyondSvg(line, everyUs, x)}`;
}

function beyondSvg({ atUs, beyond, colour }: Line, everyUs: Us, x: Scale["x"]): string {
  if (!beyond?.includes(true)) return "";
  const values = beyond.map((is) => (is ? 1 : null));
  // Lines of several colours stand below one another.
  const edge = TOP + 2 + 4 * (Number(colour.slice(1)) || 0);
  const d = runsOf({ atUs, values }, everyUs).map(
    ([run]) => `M${fixed(x(run?.[0] ?? 0))} ${edge}H${fixed(x(run?.[1] ?? 0))}`,
  );
  return `<path class="over ${colour}" d="${d.join("")}"/>`;
}

const LABEL_ROWS = [10, 20, 30] as const;
/** Width of a label's character, in user units. */
const CHARACTER = 5.8;

/** Clock marks; a label stands in the first row that is free there, or is left to its tooltip. */
export function marksSvg(frame: Frame, height: number): readonly string[] {
  const x = xOf(frame);
  const rightmost = LABEL_ROWS.map(() => -Infinity);
  return [...frame.marks]
    .filter((mark) => mark.atUs >= frame.fromUs && mark.atUs <= frame.untilUs)
    .sort((a, b) => a.atUs - b.atUs)
    .map((mark) => {
      const at = x(mark.atUs);
      const width = 6 + mark.label.length * CHARACTER;
      // Beside the right edge it stands to the left of its mark.
      const left = at + width > WIDTH - RIGHT ? at - width : at;
      const row = rightmost.findIndex((edge) => edge < left);
      const labelY = LABEL_ROWS[row];
      const title = `<title>${escape(mark.label)}</title>`;
      const line = `<path class="mark" d="M${fixed(at)} ${TOP - 4}V${height - BOTTOM}">${title}</path>`;
      if (labelY === undefined) return line;
      rightmost[row] = left + width;
      const place = left === at ? `x="${fixed(at + 2)}"` : `x="${fixed(at - 2)}" text-anchor="end"`;
      return `${line}<text class="marklabel" ${place} y="${labelY}">${escape(mark.label)}</text>`;
    });
}
