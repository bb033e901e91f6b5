import type { Measurement, Series } from "../../model/measurement.ts";
import type { Us } from "../../model/quantity.ts";

/** One time axis for all charts. */
export interface Frame {
  readonly fromUs: Us;
  readonly untilUs: Us;
  /** Zero of the time axis. */
  readonly originUs: Us;
  /** So long does each value hold. */
  readonly everyUs: Us;
  readonly bands: readonly { readonly fromUs: Us; readonly untilUs: Us; readonly label: string }[];
  readonly marks: readonly { readonly atUs: Us; readonly label: string }[];
}

const SECOND_US = 1_000_000;
/** Values that a line has at most: of a longer run several seconds are one. */
const COLUMNS_MAX = 960;

/** Zero of all times in the report: the first effect, or the start of the run. */
export function originOf(measurement: Measurement): Us {
  const effect = measurement.episodes[0]?.clocks["inj"];
  return effect?.is === "value" ? effect.value : (measurement.phases[0]?.fromUs ?? 0);
}

const SHOWN: Readonly<Record<string, string>> = {
  inj: "effect",
  imp: "hurt",
  rec: "recovered",
  full: "capacity back",
  clr: "healed",
};

/** Steady phase to the end of the observation, in so many columns at most. */
export function frameOf(measurement: Measurement, columnsMax: number = COLUMNS_MAX): Frame {
  const phase = (name: string) => measurement.phases.find((one) => one.phase === name);
  const first = phase("steady") ?? measurement.phases[0];
  const last = phase("observe") ?? measurement.phases.at(-1);
  const fromUs = first?.fromUs ?? 0;
  const untilUs = Math.max(fromUs + 1, last?.untilUs ?? 1);
  return {
    fromUs,
    untilUs,
    originUs: originOf(measurement),
    everyUs: Math.max(1, Math.ceil((untilUs - fromUs) / SECOND_US / columnsMax)) * SECOND_US,
    bands: measurement.episodes.flatMap(({ clocks, steps }) => {
      const { inj, clr } = clocks;
      if (inj?.is !== "value") return [];
      const end = clr?.is === "value" ? clr.value : untilUs;
      return [{ fromUs: inj.value, untilUs: end, label: `fault ${steps.join(", ")}` }];
    }),
    marks: measurement.episodes.flatMap(({ clocks }) =>
      Object.entries(clocks).flatMap(([name, clock]) =>
        clock.is === "value" && SHOWN[name] !== undefined
          ? [{ atUs: clock.value, label: SHOWN[name] }]
          : [],
      ),
    ),
  };
}

/** What several seconds are as one. */
export type Fold = "mean" | "least" | "most";

/**
 * A series within the frame, a value for each of its columns. Only whole seconds: one that is cut
 * would look like a loss.
 */
export function columnsOf(
  { atUs, values }: Pick<Series, "atUs" | "values">,
  frame: Frame,
  fold: Fold,
): { readonly atUs: readonly Us[]; readonly values: readonly (number | null)[] } {
  const columns = new Map<Us, (number | null)[]>();
  const start = Math.ceil(frame.fromUs / SECOND_US) * SECOND_US;
  atUs.forEach((us, at) => {
    if (us < start || us + SECOND_US > frame.untilUs) return;
    const column = start + Math.floor((us - start) / frame.everyUs) * frame.everyUs;
    const own = columns.get(column) ?? [];
    own.push(values[at] ?? null);
    columns.set(column, own);
  });
  return {
    atUs: [...columns.keys()],
    values: [...columns.values()].map((own) => folded(own, fold)),
  };
}

function folded(values: readonly (number | null)[], fold: Fold): number | null {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return null;
  if (fold === "least") return Math.min(...known);
  if (fold === "most") return Math.max(...known);
  return known.reduce((sum, one) => sum + one, 0) / known.length;
}

/** `per second of intended start`, and of a long run how many seconds are one. */
export function unitText(unit: string, { everyUs }: Frame, fold: Fold): string {
  const seconds = everyUs / SECOND_US;
  const word = { mean: "mean", least: "least", most: "worst" }[fold];
  return seconds === 1 ? unit : `${unit}; ${word} of ${seconds} s`;
}
