// A run as a few lines of text: what shows wherever a picture does not.
import type { Measurement } from "../../model/measurement.ts";
import { columnsOf, frameOf, type Frame } from "../run/frame.ts";

const COLUMNS = 72;
const LEVELS = "▁▂▃▄▅▆▇█";
const LABEL = 17;

/** Lines of equal length over one time axis; none where nothing was measured. */
export function sparkLines(measurement: Measurement): readonly string[] {
  const frame = frameOf(measurement, COLUMNS);
  const series = (metric: string) => measurement.series.find((one) => one.metric === metric);
  const good = measurement.scenarios.flatMap(({ name }) => {
    const found = series(`good_ratio{scenario=${name}}`);
    return found
      ? [line(`good, ${name}`, columnsOf(found, frame, "least").values, { least: 0, most: 1 })]
      : [];
  });
  const counted = ["replicas_ready", "endpoints_ready", "gpus_healthy"].flatMap((metric) => {
    const found = measurement.series.find(
      (one) => one.metric === metric || one.metric.startsWith(`${metric}{`),
    );
    if (!found) return [];
    const values = columnsOf(found, frame, "least").values;
    const most = values.reduce((all: number, value) => Math.max(all, value ?? 0), 1);
    return [line(metric.replace("_", " "), values, { least: 0, most })];
  });
  if (good.length === 0) return [];
  return [...good, ...counted, ...axis(frame)];
}

function line(
  label: string,
  values: readonly (number | null)[],
  { least, most }: { readonly least: number; readonly most: number },
): string {
  const signs = values.map((value) => {
    if (value === null) return " ";
    const share = (value - least) / Math.max(1e-9, most - least);
    return LEVELS[Math.min(LEVELS.length - 1, Math.max(0, Math.floor(share * LEVELS.length)))];
  });
  return `${label.slice(0, LABEL - 1).padEnd(LABEL)}${signs.join("")}`.trimEnd();
}

/** Where faults were in effect, and how long a sign is. */
function axis(frame: Frame): readonly string[] {
  const columns = Math.ceil((frame.untilUs - frame.fromUs) / frame.everyUs);
  const signs = Array.from({ length: columns }, (_, at) => {
    const fromUs = frame.fromUs + at * frame.everyUs;
    const isFault = frame.bands.some(
      (band) => band.fromUs < fromUs + frame.everyUs && band.untilUs > fromUs,
    );
    return isFault ? "x" : "·";
  });
  const seconds = frame.everyUs / 1_000_000;
  return [
    `${"fault".padEnd(LABEL)}${signs.join("")}`,
    `(each sign is ${seconds} s and shows its worst second; steady phase to the end)`,
  ];
}
