import type { Measurement, Series } from "../../model/measurement.ts";
import type { RunRecord } from "../../model/record.ts";
import { chart, type ChartOptions, type Line } from "./chart.ts";
import { originOf } from "./sections.ts";

type Frame = Pick<ChartOptions, "fromUs" | "untilUs" | "originUs" | "bands" | "marks">;

/** All charts over one time axis: steady phase to the end of the observation. */
export function charts(record: RunRecord, measurement: Measurement): readonly string[] {
  const frame = frameOf(measurement);
  const scenarios = measurement.scenarios.map(({ name }) => name);
  return [
    ...scenarios.map((name, at) => goodput(name, at, measurement, frame)),
    outcomes(measurement, frame),
    latency(record, measurement, frame),
    capacity(measurement, frame),
  ].filter((svg) => svg !== "");
}

function frameOf(measurement: Measurement): Frame {
  const phase = (name: string) => measurement.phases.find((one) => one.phase === name);
  const first = phase("steady") ?? measurement.phases[0];
  const last = phase("observe") ?? measurement.phases.at(-1);
  const shown: Readonly<Record<string, string>> = {
    inj: "effect",
    imp: "hurt",
    rec: "recovered",
    full: "capacity back",
    clr: "healed",
  };
  return {
    fromUs: first?.fromUs ?? 0,
    untilUs: last?.untilUs ?? 1,
    originUs: originOf(measurement),
    bands: measurement.episodes.flatMap(({ clocks, steps }) => {
      const { inj, clr } = clocks;
      if (inj?.is !== "value") return [];
      const untilUs = clr?.is === "value" ? clr.value : (last?.untilUs ?? inj.value);
      return [{ fromUs: inj.value, untilUs, label: `fault ${steps.join(", ")}` }];
    }),
    marks: measurement.episodes.flatMap(({ clocks }) =>
      Object.entries(clocks).flatMap(([name, clock]) =>
        clock.is === "value" && shown[name] !== undefined
          ? [{ atUs: clock.value, label: shown[name] }]
          : [],
      ),
    ),
  };
}

const COLOURS = ["c1", "c2", "c3", "c4", "c5", "c6"] as const;
const colour = (at: number): string => COLOURS[at % COLOURS.length] ?? "c1";

function seriesOf(measurement: Measurement, metric: string): Series | undefined {
  return measurement.series.find((one) => one.metric === metric);
}

function line(
  measurement: Measurement,
  metric: string,
  look: { readonly label: string; readonly colour: string; readonly shape: Line["shape"] },
): readonly Line[] {
  const found = seriesOf(measurement, metric);
  return found ? [{ ...look, atUs: found.atUs, values: found.values }] : [];
}

function draw(options: Omit<ChartOptions, keyof Frame> & { readonly frame: Frame }): string {
  const { frame, ...rest } = options;
  return rest.lines.length === 0 ? "" : chart({ ...frame, ...rest });
}

function goodput(name: string, at: number, measurement: Measurement, frame: Frame): string {
  return draw({
    frame,
    title: `Requests, ${name} connections`,
    summary: `Offered and good requests per second of scenario ${name} over time`,
    unit: "per second of intended start",
    lines: [
      ...goodLine(name, measurement),
      ...line(measurement, `offered{scenario=${name}}`, {
        label: "offered",
        colour: colour(at),
        shape: "step",
      }),
    ],
  });
}

/** Good requests per second: the share that was good, of what was offered. */
function goodLine(name: string, measurement: Measurement): readonly Line[] {
  const offered = seriesOf(measurement, `offered{scenario=${name}}`);
  const ratio = seriesOf(measurement, `good_ratio{scenario=${name}}`);
  if (!offered || !ratio) return [];
  const values = offered.values.map((sent, at) => {
    const share = ratio.values[at];
    return sent === null || share === null || share === undefined ? null : sent * share;
  });
  return [{ label: "good", colour: "good", shape: "area", atUs: offered.atUs, values }];
}

function outcomes(measurement: Measurement, frame: Frame): string {
  const bad = measurement.series.filter(({ metric }) => metric.startsWith("outcome{"));
  const lines = bad
    .filter(({ metric }) => !metric.startsWith("outcome{outcome=ok,"))
    .map(({ metric, atUs, values }, at) => ({
      label: metric.replace(/^outcome\{outcome=([^,]+),scenario=(.+)\}$/, "$1, $2"),
      colour: colour(at),
      shape: "step" as const,
      atUs,
      values,
    }));
  return draw({
    frame,
    title: "Requests that were not ok, by what became of them",
    summary: `Failed requests per second by outcome: ${lines.map((one) => one.label).join(", ") || "none"}`,
    unit: "per second",
    lines,
  });
}

function latency(record: RunRecord, measurement: Measurement, frame: Frame): string {
  return draw({
    frame,
    title: "Latency, 99th percentile from the intended start",
    summary: "99th percentile of latency per scenario; seconds in which it is infinite are gaps",
    unit: "ms; failed requests count as infinitely slow, so a gap is worse than a peak",
    lines: measurement.scenarios.flatMap(({ name }, at) =>
      line(measurement, `p99_ms{scenario=${name}}`, {
        label: name,
        colour: colour(at),
        shape: "line",
      }),
    ),
    limits: [{ value: record.plan.slo.withinMs, label: `SLO ${record.plan.slo.withinMs} ms` }],
  });
}

function capacity(measurement: Measurement, frame: Frame): string {
  return draw({
    frame,
    title: "Replicas, endpoints, GPUs",
    summary: "Ready replicas, ready endpoints and healthy GPUs over time",
    unit: "count",
    topMin: 1,
    lines: measurement.series
      .filter(({ metric }) => /^(replicas_ready|endpoints_ready|gpus_healthy)\b/.test(metric))
      .map(({ metric, atUs, values }, at) => ({
        label: metric.replace("_", " ").replace(/\{\w+=(.*)\}/, " $1"),
        colour: colour(at),
        shape: "step" as const,
        atUs,
        values,
      })),
  });
}
