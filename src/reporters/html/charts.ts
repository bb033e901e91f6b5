import type { Measurement, Series } from "../../model/measurement.ts";
import type { Us } from "../../model/quantity.ts";
import type { RunRecord } from "../../model/record.ts";
import { columnsOf, unitText, type Fold, type Frame } from "../run/frame.ts";
import { chart, type ChartOptions, type Line } from "./chart.ts";

interface Drawn {
  readonly record: Pick<RunRecord, "plan">;
  readonly measurement: Measurement;
  readonly frame: Frame;
}

/** All charts over one time axis. */
export function charts(of: Drawn): readonly string[] {
  return chartOptions(of).map(chart);
}

/** What each chart shows; one that would have no line is left out. */
export function chartOptions(of: Drawn): readonly ChartOptions[] {
  const names = of.measurement.scenarios.map(({ name }) => name);
  return [
    ...names.map((name, at) => goodput(name, at, of)),
    outcomes(of),
    latency(of),
    capacity(of),
    devices(of),
  ].filter(({ lines }) => lines.length > 0);
}

const COLOURS = ["c1", "c2", "c3", "c4", "c5", "c6"] as const;
const colour = (at: number): string => COLOURS[at % COLOURS.length] ?? "c1";

function seriesOf({ measurement }: Drawn, metric: string): Series | undefined {
  return measurement.series.find((one) => one.metric === metric);
}

type Look = Pick<Line, "label" | "colour" | "shape"> & { readonly isFaint?: boolean };

function line(of: Drawn, metric: string, look: Look & { readonly fold: Fold }): readonly Line[] {
  const found = seriesOf(of, metric);
  const { fold, ...rest } = look;
  return found ? [{ ...rest, ...columnsOf(found, of.frame, fold) }] : [];
}

function goodput(name: string, at: number, of: Drawn): ChartOptions {
  const lines = [
    ...line(of, `good{scenario=${name}}`, {
      label: "good",
      colour: "good",
      shape: "area",
      fold: "mean",
    }),
    ...line(of, `offered{scenario=${name}}`, {
      label: "offered",
      colour: colour(at),
      shape: "line",
      fold: "mean",
    }),
  ];
  return {
    frame: of.frame,
    title: `Requests, ${name} connections`,
    summary: `Offered and good requests per second of scenario ${name} over time`,
    unit: unitText("per second of intended start", of.frame, "mean"),
    lines,
  };
}

/** Stacked, of all scenarios together: the most frequent at the bottom, rare ones as one. */
function outcomes(of: Drawn): ChartOptions {
  const classes = [...badClasses(of)]
    .map(([label, values]) => ({ label, values, n: values.reduce((sum, one) => sum + one, 0) }))
    .filter(({ n }) => n > 0)
    .sort((a, b) => b.n - a.n || (a.label < b.label ? -1 : 1));
  const few = classes.length <= COLOURS.length ? classes : classes.slice(0, COLOURS.length);
  const rest = classes.slice(few.length);
  const shown = [
    ...few.map(({ label, values }, at) => ({ label, values, colour: colour(at) })),
    ...(rest.length > 0
      ? [{ label: "others", values: total(rest.map(({ values }) => values)), colour: "other" }]
      : []),
  ];
  const atUs = of.measurement.series[0]?.atUs ?? [];
  const lines = shown.map((one, at): Line => {
    const values = total(shown.slice(0, at + 1).map((below) => below.values));
    return {
      label: one.label,
      colour: one.colour,
      shape: "stack",
      ...columnsOf({ atUs, values }, of.frame, "mean"),
    };
  });
  return {
    frame: of.frame,
    title: "Bad requests, by what became of them",
    summary:
      "Requests that were not good, per second, stacked: each with those before it in this list",
    unit: unitText("per second, all scenarios, stacked", of.frame, "mean"),
    // The highest first: each hides what the ones below it cover.
    lines: lines.reverse(),
  };
}

const total = (all: readonly (readonly number[])[]): readonly number[] =>
  (all[0] ?? []).map((_, at) => all.reduce((sum, values) => sum + (values[at] ?? 0), 0));

/** By outcome; `ok, but too late` are those that were ok and still not good. */
function badClasses(of: Drawn): ReadonlyMap<string, readonly number[]> {
  const classes = new Map<string, readonly number[]>();
  const add = (label: string, values: readonly number[]): void => {
    const before = classes.get(label);
    classes.set(label, before ? total([before, values]) : values);
  };
  for (const { metric, values } of of.measurement.series) {
    const hit = /^outcome\{outcome=([^,]+),scenario=(.+)\}$/.exec(metric);
    const [, outcome = "", scenario = ""] = hit ?? [];
    if (!hit) continue;
    const counts = values.map((value) => value ?? 0);
    if (outcome !== "ok") {
      add(outcome, counts);
      continue;
    }
    const good = seriesOf(of, `good{scenario=${scenario}}`)?.values ?? [];
    add(
      "ok, but too late",
      counts.map((value, at) => Math.max(0, value - (good[at] ?? value))),
    );
  }
  return classes;
}

function latency(of: Drawn): ChartOptions {
  const { plan } = of.record;
  const lines = of.measurement.scenarios.flatMap(({ name }, at) => {
    const judged = seriesOf(of, `good_ratio{scenario=${name}}`)?.values ?? [];
    const own = (metric: "p50" | "p99", isFaint: boolean): readonly Line[] => {
      const found = seriesOf(of, `${metric}_ms{scenario=${name}}`);
      if (!found) return [];
      const over = found.values.map((value, second) =>
        value === null && (judged[second] ?? null) !== null ? 1 : 0,
      );
      const beyond = columnsOf({ atUs: found.atUs, values: over }, of.frame, "most").values;
      const columns = columnsOf(found, of.frame, "most");
      return [
        {
          label: `${metric} ${name}`,
          colour: colour(at),
          shape: "line",
          ...(isFaint ? { isFaint } : {}),
          ...columns,
          values: columns.values.map((value, column) => (beyond[column] === 1 ? null : value)),
          ...(isFaint ? {} : { beyond: beyond.map((is) => is === 1) }),
        },
      ];
    };
    return [...own("p50", true), ...own("p99", false)];
  });
  return {
    frame: of.frame,
    title: "Latency from the intended start",
    summary:
      "Median and 99th percentile of latency, second by second; failed requests count as infinitely slow",
    unit: unitText("ms; failed requests count as infinitely slow", of.frame, "most"),
    lines,
    limits: [{ value: plan.slo.withinMs, label: `SLO ${plan.slo.withinMs} ms` }],
  };
}

/**
 * Every series of these metrics, in the order of the names.
 *
 * @param sinceUs how long after the begin of its second a value is true
 */
function counted(of: Drawn, names: readonly string[], sinceUs: Us): readonly Line[] {
  const found = names.flatMap((name) =>
    of.measurement.series
      .filter(({ metric }) => metric === name || metric.startsWith(`${name}{`))
      .map((series) => ({ name, series })),
  );
  return found.map(({ name, series: { metric, atUs, values } }, at) => ({
    label: `${name.replace("_", " ")}${metric.slice(name.length).replace(/^\{\w+=(.*)\}$/, " $1")}`,
    colour: colour(at),
    shape: "line",
    ...columnsOf({ atUs: atUs.map((us) => us + sinceUs), values }, of.frame, "least"),
  }));
}

const COUNT = { isCount: true, topMin: 2, height: 150 } as const;

function capacity(of: Drawn): ChartOptions {
  return {
    ...COUNT,
    frame: of.frame,
    title: "Replicas and endpoints",
    summary: "Ready replicas and ready endpoints over time",
    unit: unitText("count, from the watches", of.frame, "least"),
    // Of the watches it is the state at the end of each second: it may not have been so before.
    lines: counted(of, ["replicas_ready", "endpoints_ready"], 1_000_000),
  };
}

function devices(of: Drawn): ChartOptions {
  return {
    ...COUNT,
    frame: of.frame,
    title: "GPUs and nodes",
    summary: "Healthy GPUs, those that there are, and ready nodes over time",
    unit: unitText("count, sampled", of.frame, "least"),
    lines: counted(of, ["gpus_capacity", "gpus_healthy", "nodes_ready"], 0),
  };
}
