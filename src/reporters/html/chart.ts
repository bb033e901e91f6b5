import type { Us } from "../../model/quantity.ts";
import { showNumber } from "../../model/show.ts";
import { escape } from "./text.ts";

const WIDTH = 960;
const LEFT = 52;
const RIGHT = 12;
const TOP = 36;
const BOTTOM = 24;

export interface Line {
  readonly label: string;
  /** Colour class: c1 to c6, good, bad. */
  readonly colour: string;
  readonly shape: "line" | "area" | "step";
  readonly atUs: readonly Us[];
  readonly values: readonly (number | null)[];
}

export interface ChartOptions {
  readonly title: string;
  /** What the chart shows, for those who do not see it. */
  readonly summary: string;
  readonly unit: string;
  readonly fromUs: Us;
  readonly untilUs: Us;
  /** Zero of the time axis. */
  readonly originUs: Us;
  readonly height?: number;
  readonly topMin?: number;
  readonly lines: readonly Line[];
  readonly bands: readonly { readonly fromUs: Us; readonly untilUs: Us; readonly label: string }[];
  readonly marks: readonly { readonly atUs: Us; readonly label: string }[];
  /** Horizontal lines: limits. */
  readonly limits?: readonly { readonly value: number; readonly label: string }[];
}

/** One chart as static SVG: it needs no script, prints, and is the same bytes each time. */
export function chart(options: ChartOptions): string {
  const { height = 184, fromUs, untilUs } = options;
  const values = options.lines.flatMap((line) =>
    shownOf(line, options).values.filter((v) => v !== null),
  );
  const floors = [options.topMin ?? 0, ...(options.limits ?? []).map((limit) => limit.value)];
  // One by one: a long run has more values than a call may have arguments.
  const top = niceTop([...floors, ...values].reduce((most, one) => Math.max(most, one), 0));
  const x = (us: Us): number =>
    LEFT + ((us - fromUs) / Math.max(1, untilUs - fromUs)) * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number =>
    TOP + (1 - Math.min(value, top) / top) * (height - TOP - BOTTOM);
  const parts = [
    ...options.bands.map((band) => bandSvg(band, { x, height, fromUs, untilUs })),
    ...axes({ options, x, y, top, height }),
    ...options.lines.map((line) => lineSvg(shownOf(line, options), x, y)),
    ...(options.limits ?? []).map(
      (limit) =>
        `<path class="limit" d="M${LEFT} ${fixed(y(limit.value))}H${WIDTH - RIGHT}"/>` +
        `<text class="note" x="${WIDTH - RIGHT}" y="${fixed(y(limit.value) - 3)}" text-anchor="end">${escape(limit.label)}</text>`,
    ),
    ...marksSvg(options, x, height),
  ];
  const legend = options.lines
    .map((line) => `<span class="key ${line.colour}">${escape(line.label)}</span>`)
    .join(" ");
  return [
    `<figure><figcaption><b>${escape(options.title)}</b> <span class="unit">${escape(options.unit)}</span> ${legend}</figcaption>`,
    `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escape(options.summary)}">`,
    ...parts,
    "</svg></figure>",
  ].join("");
}

const fixed = (value: number): string => String(Number(value.toFixed(1)));

/** 1, 2 or 5 times a power of ten, at least the value. */
function niceTop(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 1.5, 2, 3, 5, 7.5, 10].find((one) => one * power >= value) ?? 10;
  return step * power;
}

interface Frame {
  readonly x: (us: Us) => number;
  readonly height: number;
  readonly fromUs: Us;
  readonly untilUs: Us;
}

function bandSvg(band: ChartOptions["bands"][number], frame: Frame): string {
  const from = frame.x(Math.max(band.fromUs, frame.fromUs));
  const until = frame.x(Math.min(band.untilUs, frame.untilUs));
  if (until <= from) return "";
  return (
    `<rect class="band" x="${fixed(from)}" y="${TOP}" width="${fixed(until - from)}" height="${frame.height - TOP - BOTTOM}"/>` +
    `<text class="note" x="${fixed(from + 4)}" y="${TOP + 11}">${escape(band.label)}</text>`
  );
}

function axes(of: {
  options: ChartOptions;
  x: (us: Us) => number;
  y: (value: number) => number;
  top: number;
  height: number;
}): readonly string[] {
  const { options, x, y, top, height } = of;
  const levels = [0, top / 2, top].map(
    (value) =>
      `<path class="grid" d="M${LEFT} ${fixed(y(value))}H${WIDTH - RIGHT}"/>` +
      `<text class="tick" x="${LEFT - 6}" y="${fixed(y(value) + 4)}" text-anchor="end">${showNumber(value)}</text>`,
  );
  const spanSeconds = (options.untilUs - options.fromUs) / 1_000_000;
  const everySeconds =
    [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600].find(
      (step) => spanSeconds / step <= 14,
    ) ?? 7_200;
  const first = Math.ceil((options.fromUs - options.originUs) / 1_000_000 / everySeconds);
  const last = Math.floor((options.untilUs - options.originUs) / 1_000_000 / everySeconds);
  const ticks = Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => {
    const seconds = (first + at) * everySeconds;
    const tickX = fixed(x(options.originUs + seconds * 1_000_000));
    return (
      `<path class="grid" d="M${tickX} ${height - BOTTOM}v4"/>` +
      `<text class="tick" x="${tickX}" y="${height - 6}" text-anchor="middle">${seconds < 0 ? "−" : ""}${Math.abs(seconds)} s</text>`
    );
  });
  return [...levels, ...ticks];
}

/** The whole seconds inside the chart: a second that is cut would look like a loss. */
function shownOf(line: Line, { fromUs, untilUs }: ChartOptions): Line {
  const shown = line.atUs.flatMap((us, at) =>
    us >= fromUs && us + 1_000_000 <= untilUs ? [{ us, value: line.values[at] ?? null }] : [],
  );
  return { ...line, atUs: shown.map(({ us }) => us), values: shown.map(({ value }) => value) };
}

function lineSvg(line: Line, x: (us: Us) => number, y: (value: number) => number): string {
  const runs: string[] = [];
  let run: [number, number][] = [];
  const end = (): void => {
    if (run.length > 0) runs.push(pathOf(run, line.shape, y(0)));
    run = [];
  };
  line.atUs.forEach((us, at) => {
    const value = line.values[at];
    if (value === null || value === undefined) end();
    else run.push([x(us), y(value)]);
  });
  end();
  return `<path class="${line.shape} ${line.colour}" d="${runs.join("")}"/>`;
}

function pathOf(run: readonly [number, number][], shape: Line["shape"], base: number): string {
  const [first] = run;
  const last = run.at(-1);
  if (!first || !last) return "";
  const points = run.map(([px, py], at) => {
    if (at === 0) return `M${fixed(px)} ${fixed(py)}`;
    return shape === "step" ? `H${fixed(px)}V${fixed(py)}` : `L${fixed(px)} ${fixed(py)}`;
  });
  const line = points.join("");
  return shape === "area"
    ? `${line}L${fixed(last[0])} ${fixed(base)}L${fixed(first[0])} ${fixed(base)}Z`
    : line;
}

const LABEL_ROWS = [10, 20, 30] as const;
/** Width of a label's character, in user units. */
const CHARACTER = 5.8;

/** Clock marks; a label stands in the first row that is free there, or is left to its tooltip. */
function marksSvg(options: ChartOptions, x: (us: Us) => number, height: number): readonly string[] {
  const rightmost = LABEL_ROWS.map(() => -Infinity);
  return [...options.marks]
    .filter((mark) => mark.atUs >= options.fromUs && mark.atUs <= options.untilUs)
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
