// Kaplan and Meier's curves of two groups of runs, and the shift between them, as static SVG.
import type { MetricOfRun, RunOfGroup } from "../../model/comparison.ts";
import type { Measured } from "../../model/measured.ts";
import { showMeasured, showPoint } from "../../model/show.ts";
import { kaplanMeier, type Subject } from "../../measure/survival.ts";
import { fixed, LEFT, niceTop, RIGHT, svgOf, WIDTH } from "./chart.ts";
import { escape } from "./text.ts";

const TOP = 34;
const PLOT = 150;
const AXIS = 24;
const STRIP = 18;
const TICKS = 5;

/** One group: its runs by name, and the median that is told of it. */
export interface CurveOf {
  readonly name: string;
  /** Colour class. */
  readonly colour: string;
  readonly runs: readonly { readonly run: string; readonly got: Subject }[];
  readonly median: Measured;
}

/** The runs of a group that said something of a metric. */
export function measuredRuns(group: readonly RunOfGroup[], metric: string): CurveOf["runs"] {
  return group.flatMap(({ facts }) => {
    const got = facts.metrics.find((one) => one.metric === metric)?.got;
    return got ? [{ run: facts.run, got }] : [];
  });
}

const shown = (unit: MetricOfRun["unit"], value: number): string =>
  showPoint({ is: "value", unit, value, low: value, high: value, n: 1 });

const longest = ({ runs }: CurveOf): number =>
  runs.reduce((most, { got }) => Math.max(most, got.time), 0);

/** Both curves over one axis from 0; below it each run as a dot. */
export function survivalSvg(
  metric: string,
  unit: MetricOfRun["unit"],
  groups: readonly CurveOf[],
): string {
  const top = niceTop(Math.max(unit === "ms" ? 1_000 : 1, ...groups.map(longest)) * 1.02);
  const x = (value: number): number => LEFT + (value / top) * (WIDTH - LEFT - RIGHT);
  const y = (share: number): number => TOP + (1 - share) * PLOT;
  const bottom = TOP + PLOT;
  const height = bottom + AXIS + groups.length * STRIP + 4;
  const label = `${metric}, share of runs that are not back after a time. ${groups
    .map((group) => `${group.name}: ${inWords(unit, group)}`)
    .join("; ")}.`;
  return svgOf({ height, label }, [
    ...[0, 0.5, 1].map(
      (share) =>
        `<path class="grid" d="M${LEFT} ${fixed(y(share))}H${WIDTH - RIGHT}"/>` +
        `<text class="tick" x="${LEFT - 6}" y="${fixed(y(share) + 4)}" text-anchor="end">${share * 100} %</text>`,
    ),
    ...Array.from({ length: TICKS + 1 }, (_, nth) => {
      const value = (top * nth) / TICKS;
      const anchor = nth === TICKS ? "end" : "middle";
      return (
        `<path class="grid" d="M${fixed(x(value))} ${bottom}v4"/>` +
        `<text class="tick" x="${fixed(x(value))}" y="${bottom + 17}" text-anchor="${anchor}">${escape(shown(unit, value))}</text>`
      );
    }),
    ...groups.map((group) => curveSvg(group, x, y)),
    ...groups.map((group, nth) => medianSvg(group, { x, y, nth })),
    ...groups.map((group, nth) =>
      stripSvg(unit, group, { x, y: bottom + AXIS + nth * STRIP + STRIP / 2 }),
    ),
  ]);
}

function inWords(unit: MetricOfRun["unit"], { runs }: CurveOf): string {
  const steps = kaplanMeier(runs.map(({ got }) => got));
  const told = steps.map(
    ({ time, survival }) => `${Math.round(survival * 100)} % after ${shown(unit, time)}`,
  );
  const open = runs.filter(({ got }) => !got.ended).length;
  return [...told, ...(open > 0 ? [`${open} not back when observation ended`] : [])].join(", ");
}

function curveSvg(
  group: CurveOf,
  x: (value: number) => number,
  y: (share: number) => number,
): string {
  const { colour, runs } = group;
  if (runs.length === 0) return "";
  const steps = kaplanMeier(runs.map(({ got }) => got));
  const d = steps.map(({ time, survival }) => `H${fixed(x(time))}V${fixed(y(survival))}`);
  const after = (time: number): number =>
    steps.findLast((step) => step.time <= time)?.survival ?? 1;
  const censored = runs
    .filter(({ got }) => !got.ended)
    .map(({ got }) => `M${fixed(x(got.time))} ${fixed(y(after(got.time)) - 5)}v10`);
  const ticks =
    censored.length === 0 ? "" : `<path class="censored ${colour}" d="${censored.join("")}"/>`;
  const end = `H${fixed(x(longest(group)))}`;
  return `<path class="curve ${colour}" d="M${fixed(x(0))} ${fixed(y(1))}${d.join("")}${end}"/>${ticks}`;
}

/** The median with its interval, across the half. */
function medianSvg(
  { name, colour, median }: CurveOf,
  of: {
    readonly x: (value: number) => number;
    readonly y: (share: number) => number;
    readonly nth: number;
  },
): string {
  if (median.is !== "value") return "";
  const [at, low, high] = [median.value, median.low, median.high].map((value) =>
    fixed(of.x(value)),
  );
  const level = fixed(of.y(0.5) + (of.nth === 0 ? -4 : 4));
  const isRight = of.x(median.value) > WIDTH - 260;
  const label = `median ${name}: ${showMeasured(median)}`;
  return (
    `<path class="mark" d="M${at} ${12 + of.nth * 12}V${TOP + PLOT}"/>` +
    `<path class="${colour}" d="M${low} ${level}H${high}"/>` +
    `<text class="marklabel" x="${fixed(Number(at) + (isRight ? -3 : 3))}" y="${12 + of.nth * 12}"${isRight ? ' text-anchor="end"' : ""}>${escape(label)}</text>`
  );
}

/** A dot a run; one that is not back points on. */
function stripSvg(
  unit: MetricOfRun["unit"],
  { name, colour, runs }: CurveOf,
  { x, y }: { readonly x: (value: number) => number; readonly y: number },
): string {
  const sorted = [...runs].sort(
    (a, b) => a.got.time - b.got.time || (a.run < b.run ? -1 : a.run > b.run ? 1 : 0),
  );
  const dots = sorted.map(({ run, got }) => {
    const at = fixed(x(got.time));
    const title = `<title>${escape(`${run}: ${got.ended ? "" : "more than "}${shown(unit, got.time)}`)}</title>`;
    return got.ended
      ? `<circle class="dot ${colour}" cx="${at}" cy="${y}" r="4">${title}</circle>`
      : `<path class="dot ${colour}" d="M${at} ${y - 5}l9 5l-9 5Z">${title}</path>`;
  });
  return `<text class="tick" x="0" y="${y + 4}">${escape(name)}</text>${dots.join("")}`;
}

const SHIFT_HEIGHT = 70;
const MIDDLE = 34;

/**
 * The shift with its interval around 0, and what could have been seen; "" where there is neither.
 */
export function shiftSvg(
  metric: string,
  of: { readonly shift: Measured; readonly detectable: Measured; readonly text: string },
): string {
  const { shift, detectable } = of;
  if (shift.is === "absent") return "";
  const seen = detectable.is === "value" ? detectable.value : 0;
  const ends = shift.is === "value" ? [shift.low, shift.high, shift.value] : [shift.low * 1.2];
  const reach = niceTop(Math.max(1e-9, seen, ...ends.map(Math.abs)) * 1.05);
  const x = (value: number): string =>
    fixed(LEFT + ((value + reach) / (2 * reach)) * (WIDTH - LEFT - RIGHT));
  const unit = shift.unit as MetricOfRun["unit"];
  const ticks = [-reach, -reach / 2, 0, reach / 2, reach].map((value, nth) => {
    const anchor = nth === 4 ? "end" : "middle";
    const sign = value < 0 ? "−" : value > 0 ? "+" : "";
    return (
      `<path class="grid" d="M${x(value)} 12V${MIDDLE + 14}"/>` +
      `<text class="tick" x="${x(value)}" y="${SHIFT_HEIGHT - 8}" text-anchor="${anchor}">${escape(sign + shown(unit, Math.abs(value)))}</text>`
    );
  });
  const band =
    seen > 0
      ? `<rect class="blind" x="${x(0)}" y="14" width="${fixed(Number(x(seen)) - Number(x(0)))}" height="${MIDDLE - 2}"/>` +
        `<text class="note" x="${fixed(Number(x(0)) + 4)}" y="11">a worsening of this size may be missed</text>`
      : "";
  return svgOf({ height: SHIFT_HEIGHT, label: `${metric}, shift: ${of.text}` }, [
    band,
    ...ticks,
    shift.is === "value"
      ? `<path class="c1" d="M${x(shift.low)} ${MIDDLE - 6}v12M${x(shift.low)} ${MIDDLE}H${x(shift.high)}M${x(shift.high)} ${MIDDLE - 6}v12"/>` +
        `<circle class="dot c1" cx="${x(shift.value)}" cy="${MIDDLE}" r="5"/>`
      : `<path class="c1" d="M${x(shift.low)} ${MIDDLE - 6}v12M${x(shift.low)} ${MIDDLE}H${WIDTH - RIGHT}l-8 -5M${WIDTH - RIGHT} ${MIDDLE}l-8 5"/>`,
  ]);
}
