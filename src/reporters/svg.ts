import { inOrder } from "../measure/order-events.ts";
import type { Reporter } from "../ports/reporter.ts";
import { chartSvg, WIDTH, type ChartOptions, type Line } from "./html/chart.ts";
import { chartOptions } from "./html/charts.ts";
import { KEYS, laneSvg } from "./html/lane.ts";
import { plainSvg } from "./html/plain-svg.ts";
import { escape } from "./html/text.ts";
import { frameOf } from "./run/frame.ts";
import { laneTexts, pictureText } from "./run/words.ts";

const MARGIN = 20;
const TITLE = 26;
const GAP = 10;
/** Width of a character of a legend, in user units. */
const CHARACTER = 6.3;

/** One picture of a run that stands alone: for a comment on a pull request, or a slide. */
export const svg: Reporter = {
  name: "svg",
  about: "The charts as one static picture, for report.md and other pages.",
  file: "report.svg",
  render: ({ record, measurement, verdict }) => {
    const frame = frameOf(measurement);
    const drawn = chartOptions({ record, measurement, frame });
    const events = inOrder(record.events);
    const parts: string[] = [];
    let y = MARGIN;
    const line = (text: string, classes: string, size: number): void => {
      y += size + 6;
      parts.push(
        `<text class="${classes}" x="0" y="${y}" font-size="${size}">${escape(text)}</text>`,
      );
    };
    line(`${verdict.experiment}: ${verdict.outcome.toUpperCase()}`, verdict.outcome, 22);
    line(record.plan.hypothesis, "rowlabel", 13);
    for (const text of laneTexts(measurement)) line(text, "rowlabel", 13);
    line(`seed ${verdict.seed}, evidence level ${measurement.level}`, "tick", 12);
    y += GAP;
    for (const options of drawn) {
      parts.push(...headOf(options, y), chartSvg(options, y + TITLE));
      y += TITLE + (options.height ?? 184) + GAP;
    }
    const lane = laneSvg({ events, measurement, frame }, y + TITLE);
    const keys = KEYS.map(([colour, label]) => ({ colour, label }));
    parts.push(...headOf({ title: "What happened", unit: "", lines: keys }, y), lane.svg);
    y += TITLE + lane.height + MARGIN;
    const label = pictureText(measurement, verdict);
    const size = `${-MARGIN} 0 ${WIDTH + 2 * MARGIN} ${y}`;
    const ground = `<rect class="ground" x="${-MARGIN}" y="0" width="${WIDTH + 2 * MARGIN}" height="${y}"/>`;
    const text = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${size}" width="${WIDTH + 2 * MARGIN}" height="${y}" font-family="system-ui, sans-serif" font-size="11" role="img" aria-label="${escape(label)}">`;
    return `${plainSvg(sayable([text, ground, ...parts, "</svg>"].join("\n")))}\n`;
  },
};

function titleOf(title: string, unit: string, y: number): string {
  const more =
    unit === ""
      ? ""
      : `<tspan class="tick" dx="8" font-size="11" font-weight="400">${escape(unit)}</tspan>`;
  return `<text class="rowlabel" x="0" y="${y + 18}" font-size="13" font-weight="600">${escape(title)}${more}</text>`;
}

type Keys = readonly Pick<Line, "label" | "colour">[];

/** Title on the left, the key of each line on the right. */
function headOf(
  { title, unit, lines }: Pick<ChartOptions, "title" | "unit"> & { readonly lines: Keys },
  y: number,
): readonly string[] {
  let right = WIDTH;
  const keys = [...lines].reverse().map(({ label, colour }) => {
    right -= label.length * CHARACTER + 26;
    return (
      `<rect class="key ${colour}" x="${right.toFixed(1)}" y="${y + 9}" width="10" height="10"/>` +
      `<text class="rowlabel" x="${(right + 14).toFixed(1)}" y="${y + 18}">${escape(label)}</text>`
    );
  });
  const room = right - title.length * CHARACTER * 1.3 - 20;
  return [titleOf(title, unit.length * CHARACTER < room ? unit : "", y), ...keys];
}

/** What XML 1.0 can say in no way at all is told as U+FFFD. */
const sayable = (text: string): string =>
  text.replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, "\u{FFFD}");
