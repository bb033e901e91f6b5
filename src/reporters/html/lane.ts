// The event lane: phases, faults and what changed in the cluster, on the time axis of the charts.
import type { Event, PodDetail } from "../../model/event.ts";
import type { Measurement } from "../../model/measurement.ts";
import type { Us } from "../../model/quantity.ts";
import type { Frame } from "../run/frame.ts";
import { bandsSvg, fixed, LEFT, marksSvg, RIGHT, svgOf, timeAxisSvg, WIDTH, xOf } from "./chart.ts";
import { escape, scrolling } from "./text.ts";

const TOP = 40;
const ROW = 26;
const BAR = 9;
const BOTTOM = 28;
const ROWS_MAX = 24;

interface Bar {
  readonly fromUs: Us;
  readonly untilUs: Us;
  /** Colour class. */
  readonly colour: string;
  readonly label: string;
}

interface Row {
  readonly label: string;
  /** Each bar stands below its own label, instead of all below that of the row. */
  readonly isNamed?: boolean;
  readonly bars: readonly Bar[];
  /** Instants without a length. */
  readonly ticks: readonly { readonly atUs: Us; readonly label: string }[];
}

/** What the colours mean. */
export const KEYS = [
  ["good", "ready"],
  ["unknown", "not ready yet or any more"],
  ["c2", "told to end"],
  ["bad", "fault in effect"],
] as const;

/** "" where nothing happened that it could show. */
export function lane(of: {
  readonly events: readonly Event[];
  readonly measurement: Measurement;
  readonly frame: Frame;
}): string {
  const { svg, left } = laneSvg(of);
  const keys = KEYS.map(([colour, label]) => `<span class="key ${colour}">${label}</span>`);
  const more = left > 0 ? `<p class="dim">${left} more changed: see the events.</p>` : "";
  return `<figure><figcaption><b>What happened</b> ${keys.join(" ")}</figcaption>${scrolling("What happened", svg)}${more}</figure>`;
}

/** The picture alone, its height, and how many rows were left out. */
export function laneSvg(
  of: {
    readonly events: readonly Event[];
    readonly measurement: Measurement;
    readonly frame: Frame;
  },
  y?: number,
): { readonly svg: string; readonly height: number; readonly left: number } {
  const { events, measurement, frame } = of;
  const changed = changedRows(events, frame);
  const fixedRows = [phases(measurement), ...steps(of), ...others(events, frame)];
  const room = Math.max(0, ROWS_MAX - fixedRows.length);
  const rows = [...fixedRows, ...changed.slice(0, room)];
  const height = TOP + rows.length * ROW + BOTTOM;
  const label = `What happened, on the time axis of the charts: ${rows
    .map((row) => row.label)
    .join("; ")}. The events below say it in words.`;
  const svg = svgOf({ height, label, ...(y === undefined ? {} : { y }) }, [
    ...bandsSvg({ ...frame, bands: frame.bands.map((band) => ({ ...band, label: "" })) }, height),
    ...rows.map((row, at) => rowSvg(row, TOP + at * ROW, frame)),
    ...timeAxisSvg(frame, height),
    ...marksSvg(frame, height),
  ]);
  return { svg, height, left: changed.length - Math.max(0, rows.length - fixedRows.length) };
}

function rowSvg(row: Row, y: number, frame: Frame): string {
  const x = xOf(frame);
  const inside = (us: Us): number => Math.min(WIDTH - RIGHT, Math.max(LEFT, x(us)));
  const barY = y + ROW - BAR - 2;
  const bars = row.bars.flatMap(({ fromUs, untilUs, colour, label }) => {
    const from = inside(fromUs);
    const until = inside(untilUs);
    if (untilUs < frame.fromUs || fromUs > frame.untilUs) return [];
    // One that is nearly nothing is still to be seen.
    const width = Math.max(1.5, until - from);
    return [
      `<rect class="bar ${colour}" x="${fixed(from)}" y="${barY}" width="${fixed(width)}" height="${BAR}"><title>${escape(label)}</title></rect>`,
    ];
  });
  const ticks = row.ticks
    .filter(({ atUs }) => atUs >= frame.fromUs && atUs <= frame.untilUs)
    .map(
      ({ atUs, label }) =>
        `<path class="happened" d="M${fixed(x(atUs))} ${barY - 2}v${BAR + 4}"><title>${escape(label)}</title></path>`,
    );
  const named = row.isNamed
    ? row.bars.map(({ fromUs, label }) => ({ at: inside(fromUs), label }))
    : [{ at: LEFT, label: row.label }];
  const labels = named.map(
    ({ at, label }) =>
      `<text class="rowlabel" x="${fixed(at + 4)}" y="${y + 11}">${escape(label)}</text>`,
  );
  return [...labels, ...bars, ...ticks].join("");
}

function phases({ phases: all }: Measurement): Row {
  const shown = all.filter(({ phase }) => ["steady", "faults", "observe"].includes(phase));
  const bars = shown.map(({ phase, fromUs, untilUs }, at) => ({
    fromUs,
    untilUs,
    colour: at % 2 === 0 ? "other" : "quiet",
    label: phase,
  }));
  return { label: "phases", isNamed: true, bars, ticks: [] };
}

/** Each fault from its inject to its heal, with what was found of it. */
function steps(of: {
  readonly events: readonly Event[];
  readonly measurement: Measurement;
  readonly frame: Frame;
}): readonly Row[] {
  return of.measurement.steps.map(({ id, fault, targets }) => {
    const own = of.events.filter((event) => event.type === "fault" && event.id === id);
    const edges = own.flatMap((event) => (event.type === "fault" ? [event] : []));
    const stamp = edges.flatMap((event) => (event.edge === "inject-end" ? [event.stampUs] : []));
    const healed = edges.find(({ edge }) => edge === "heal-end")?.atUs;
    const [fromUs] = stamp;
    return {
      label: `${id} ${fault}: ${targets.join(", ") || "nothing"}`,
      bars:
        fromUs === undefined
          ? []
          : [
              {
                fromUs,
                untilUs: healed ?? of.frame.untilUs,
                colour: "bad",
                label: `${id} in effect`,
              },
            ],
      ticks: edges.map(({ atUs, edge }) => ({ atUs, label: `${id} ${edge}` })),
    };
  });
}

/** Errors, and watches that were blind. */
function others(events: readonly Event[], frame: Frame): readonly Row[] {
  const ticks = events.flatMap((event) => {
    if (event.atUs < frame.fromUs || event.atUs > frame.untilUs) return [];
    if (event.type === "error") return [{ atUs: event.atUs, label: `error: ${event.code}` }];
    const isBlind = event.type === "cluster" && event.object.startsWith("watch/");
    return isBlind ? [{ atUs: event.atUs, label: `${event.object} ${event.change}` }] : [];
  });
  if (ticks.length === 0) return [];
  return [{ label: "errors of the run, and watches that saw nothing", bars: [], ticks }];
}

/** Pods and nodes that changed within the frame, those that changed first in front. */
function changedRows(events: readonly Event[], frame: Frame): readonly Row[] {
  const histories = new Map<string, Extract<Event, { type: "cluster" }>[]>();
  for (const event of events) {
    if (event.type !== "cluster" || !/^(pod|node)\//.test(event.object)) continue;
    const own = histories.get(event.object) ?? [];
    own.push(event);
    histories.set(event.object, own);
  }
  return [...histories]
    .map(([object, own]) => ({ object, own: [...own].sort((a, b) => a.atUs - b.atUs) }))
    .flatMap(({ object, own }) => {
      const first = own.find(({ atUs }) => atUs > frame.fromUs && atUs <= frame.untilUs);
      return first ? [{ object, own, firstUs: first.atUs }] : [];
    })
    .sort((a, b) => a.firstUs - b.firstUs || (a.object < b.object ? -1 : 1))
    .map(({ object, own }) => ({
      label: object.replace(/^pod\/[^/]+\//, "pod ").replace("node/", "node "),
      bars: own.flatMap(({ atUs, detail }, at): readonly Bar[] => {
        const state = stateOf(detail);
        const untilUs = own[at + 1]?.atUs ?? frame.untilUs;
        return state ? [{ fromUs: atUs, untilUs, ...state }] : [];
      }),
      // A node that stays ready changes in something else: what its devices say, for one.
      ticks: object.startsWith("node/")
        ? own.map(({ atUs, change }) => ({ atUs, label: `${object} ${change}` }))
        : [],
    }));
}

function stateOf(detail: Partial<PodDetail>): Pick<Bar, "colour" | "label"> | null {
  if (detail.gone === true) return null;
  if (detail.terminating === true) return { colour: "c2", label: "told to end" };
  return detail.ready === true
    ? { colour: "good", label: "ready" }
    : { colour: "unknown", label: "not ready" };
}
