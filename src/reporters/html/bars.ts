import type { Measured } from "../../model/measured.ts";
import { showMeasured } from "../../model/show.ts";
import { escape } from "./text.ts";

const WIDTH = 960;
const LEFT = 8;
/** Where the bars end; what is right of it is for arrows. */
const RIGHT = 936;
const ROW = 62;
const BAR = 26;

export interface Bar {
  readonly label: string;
  /** Colour class: c1 to c6. */
  readonly colour: string;
  readonly recovery: Measured<"ms">;
}

/** How far a bar reaches with its interval; null: nothing was measured. */
function reachOf(recovery: Measured<"ms">): number | null {
  if (recovery.is === "absent") return null;
  return recovery.is === "beyond" ? recovery.low : recovery.high;
}

/** Durations on one linear axis from 0, as static SVG. */
export function bars(summary: string, rows: readonly Bar[]): string {
  const top = Math.max(1, ...rows.map(({ recovery }) => reachOf(recovery) ?? 0));
  const x = (ms: number): string => String(Number((LEFT + (ms / top) * (RIGHT - LEFT)).toFixed(1)));
  const height = rows.length * ROW + 8;
  return [
    `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escape(summary)}">`,
    ...rows.map((row, at) => rowSvg(row, at * ROW, x)),
    `<path class="grid" d="M${LEFT} 4V${height - 4}"/>`,
    "</svg>",
  ].join("");
}

function rowSvg({ label, colour, recovery }: Bar, y: number, x: (ms: number) => string): string {
  const text =
    `<text class="barlabel" x="${LEFT + 6}" y="${y + 18}">${escape(label)}: ` +
    `${escape(showMeasured(recovery))}</text>`;
  if (recovery.is === "absent") return text;
  const barY = y + 26;
  const middle = barY + BAR / 2;
  const end = x(recovery.is === "beyond" ? recovery.low : recovery.value);
  // One that is nearly nothing is still to be seen.
  const width = Math.max(1.5, Number((Number(end) - LEFT).toFixed(1)));
  const rect = `<rect class="bar ${colour}" x="${LEFT}" y="${barY}" width="${width}" height="${BAR}"/>`;
  if (recovery.is === "beyond") {
    const arrow = `M${end} ${barY}l14 ${BAR / 2}l-14 ${BAR / 2}Z`;
    return `${text}${rect}<path class="beyond ${colour}" d="${arrow}"/>`;
  }
  const [low, high] = [x(recovery.low), x(recovery.high)];
  const ends = `M${low} ${middle - 6}v12M${low} ${middle}H${high}M${high} ${middle - 6}v12`;
  return `${text}${rect}<path class="whisker" d="${ends}"/>`;
}
