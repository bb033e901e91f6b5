import type { MetricOfRun } from "../model/comparison.ts";
import type { Json, JsonObject } from "../model/json.ts";
import type { Measured } from "../model/measured.ts";
import type { Episode, Lane, Measurement } from "../model/measurement.ts";
import type { Plan } from "../model/plan.ts";
import { subjectOf, type Subject } from "./survival.ts";

/** A share of the budget is the lost requests in another unit: tested once. */
export const SAME_AS: Readonly<Record<string, string>> = { "budget share": "lost requests" };

/** The primary metrics of a run, service scenario by scenario: they are judged apart. */
export function metricsOf({ episodes, scenarios }: Measurement): readonly MetricOfRun[] {
  const lane = (metric: string, of: (episode: Episode) => Lane | undefined): MetricOfRun => ({
    metric,
    unit: "ms",
    got: worstOf(episodes.map(of)),
  });
  return [
    ...scenarios.map(({ name }) =>
      lane(`service recovery, ${name}`, ({ service }) => service[name]),
    ),
    lane("capacity recovery", ({ capacity }) => capacity),
    { metric: "lost requests", unit: "count", got: sumOf(episodes.map(({ lost }) => lost)) },
    { metric: "budget share", unit: "ratio", got: sumOf(episodes.map(({ budget }) => budget)) },
  ];
}

/** The longest; not back after one of them is not back. Nothing where one says nothing. */
function worstOf(lanes: readonly (Lane | undefined)[]): Subject | null {
  const subjects = lanes.map((lane) => (lane ? subjectOf(lane) : null));
  if (subjects.length === 0 || subjects.includes(null)) return null;
  const known = subjects as readonly Subject[];
  return {
    time: Math.max(...known.map(({ time }) => time)),
    ended: known.every(({ ended }) => ended),
  };
}

function sumOf(all: readonly Measured[]): Subject | null {
  let time = 0;
  for (const one of all) {
    if (one.is !== "value") return null;
    time += one.value;
  }
  return all.length === 0 ? null : { time, ended: true };
}

/** What a plan asks of a service: without its seed, what the seed draws, the stack and checks. */
export function questionOf(plan: Plan): JsonObject {
  const { cluster, load, slo, phasesMs, steps } = plan;
  // Which images the nodes hold is the stack's business.
  const { images: _images, ...built } = cluster;
  const asked = steps.map((step) => ({ ...step, slots: step.slots.length }));
  return { cluster: built, load, slo, phasesMs, steps: asked } as unknown as JsonObject;
}

const DIFFERENCES_MAX = 10;

/** Where two values differ: `slo.goodRatio: 0.99, 0.995`, a line each, at most 10. */
export function differences(a: Json | undefined, b: Json | undefined): readonly string[] {
  return [...differing(a, b, "")].slice(0, DIFFERENCES_MAX);
}

function* differing(a: Json | undefined, b: Json | undefined, path: string): Generator<string> {
  if (isTree(a) && isTree(b)) {
    const [left, right] = [a as JsonObject, b as JsonObject];
    for (const key of [...new Set([...Object.keys(left), ...Object.keys(right)])].sort()) {
      yield* differing(left[key], right[key], path === "" ? key : `${path}.${key}`);
    }
    return;
  }
  if (a !== b) yield `${path}: ${textOf(a)}, ${textOf(b)}`;
}

const isTree = (value: Json | undefined): boolean => typeof value === "object" && value !== null;

const textOf = (value: Json | undefined): string =>
  value === undefined ? "nothing" : JSON.stringify(value);
