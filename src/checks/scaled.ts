import { choice, count, duration, optional, text } from "../model/fields.ts";
import { absent, atLeast, atMost, beyond, value, type Measured } from "../model/measured.ts";
import type { Measurement, Series } from "../model/measurement.ts";
import { defineCheck } from "../ports/check.ts";

const NAME = "scaled";
const SECOND_US = 1_000_000;

/** Ready pods of the part at the end of each second; null: nothing was seen of it. */
function readyPods({ series }: Measurement, part: string): Series | null {
  const own = series.find(({ metric }) => metric === `replicas_ready{part=${part}}`);
  return own?.values.some((ready) => ready !== null) ? own : null;
}

/** As many as were there when the phase began, or at the last second of all. */
function readyBy(ready: Series, phase: string, measurement: Measurement): Measured<"count"> {
  const fromUs =
    phase === "end"
      ? (ready.atUs.at(-1) ?? 0) + SECOND_US
      : measurement.phases.find((one) => one.phase === phase)?.fromUs;
  if (fromUs === undefined) return absent("count", `there was no phase ${phase}`);
  const seconds = ready.atUs.filter((atUs) => atUs + SECOND_US <= fromUs).length;
  const seen = ready.values[seconds - 1] ?? null;
  if (seen === null) return absent("count", `nothing was seen before phase ${phase}`);
  return value("count", { value: seen, n: 1 });
}

/** From the first request until so many were there for the first time; told by the second. */
function scaledAfter(ready: Series, wanted: number, measurement: Measurement): Measured<"ms"> {
  const loaded = measurement.phases.find(({ phase }) => phase === "warmup");
  if (!loaded) return absent("ms", "there was no phase warmup");
  const after = (atUs: number): number => Math.max(0, (atUs - loaded.fromUs) / 1_000);
  const reached = ready.values.findIndex((pods) => pods !== null && pods >= wanted);
  const atUs = ready.atUs[reached];
  if (atUs === undefined) return beyond("ms", after((ready.atUs.at(-1) ?? 0) + SECOND_US), 1);
  const [low, high] = [after(atUs), after(atUs + SECOND_US)];
  return value("ms", { value: (low + high) / 2, low, high, n: 1 });
}

/**
 * A part that scales had so many ready pods when a phase began and, where `within` is given, so
 * soon after the load began. Unknown where nothing was seen of it.
 */
export const scaled = defineCheck({
  name: NAME,
  about: "A part that scales had at least so many ready pods by a phase, soon enough.",
  params: {
    part: text({ about: "name of the part", default: "server" }),
    atLeast: count({ about: "ready pods", min: 1, max: 50 }),
    by: choice(["steady", "faults", "observe", "end"], {
      about: "when that phase began they were there",
      default: "steady",
    }),
    within: optional(duration({ about: "from the start of the load until they were there" })),
  },
  judge: (measurement, { part, atLeast: wanted, by, withinMs }) => {
    const { completeness } = measurement;
    const ready = completeness.problems.length === 0 ? readyPods(measurement, part) : null;
    const first = completeness.problems[0];
    const why = first ? `the record has problems: ${first}` : `nothing was seen of part ${part}`;
    const about = { check: NAME, about: [] };
    const hint = "events of the autoscaler: kubectl describe hpa, on a cluster that is kept";
    return [
      ...atLeast(
        {
          ...about,
          what: `ready pods of ${part} when ${by === "end" ? "the run ended" : `phase ${by} began`}`,
          observed: ready ? readyBy(ready, by, measurement) : absent("count", why),
          hint,
        },
        wanted,
      ),
      ...atMost(
        {
          ...about,
          what: `from the start of the load to ${wanted} ready pods of ${part}`,
          observed: ready ? scaledAfter(ready, wanted, measurement) : absent("ms", why),
          hint,
        },
        withinMs,
      ),
    ];
  },
});
