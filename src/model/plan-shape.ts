import type { Plan } from "./plan.ts";
import {
  byWord,
  count,
  fields,
  flag,
  listOf,
  maybe,
  notNegative,
  object,
  oneOf,
  orNull,
  positive,
  share,
  showWrong,
  text,
  word,
  type Shape,
} from "./shape.ts";

const single = fields({
  part: word,
  count: (value, name) => (value === "all" ? [] : count(value, name)),
});

const on = byWord("kind", {
  node: single,
  pod: single,
  gpu: single,
  link: fields({ from: single, to: single }),
  cluster: object,
});

const part = fields({
  part: word,
  objects: listOf(object),
  selector: orNull(word),
  replicas: orNull(count),
  gpusPerPod: count,
  service: orNull(fields({ name: word, port: count })),
  existing: maybe(fields({ namespace: word })),
  request: maybe(object),
});

const plan: Shape = fields({
  schema: oneOf(1),
  experiment: word,
  hypothesis: text,
  seed: text,
  cluster: fields({
    nodes: count,
    gpusPerNode: count,
    nodeGraceMs: orNull(notNegative),
    nodeLeaseMs: orNull(notNegative),
    backoffMaxMs: orNull(notNegative),
    images: maybe(listOf(text)),
  }),
  stack: listOf(part),
  load: fields({
    load: word,
    to: word,
    by: maybe(oneOf("name")),
    rateRps: positive,
    timeoutMs: positive,
    scenarios: listOf(fields({ name: word, connection: oneOf("new", "reused") })),
    options: object,
  }),
  slo: fields({ withinMs: positive, goodRatio: share, breachRatio: share }),
  phasesMs: fields({
    warmup: notNegative,
    steady: notNegative,
    faults: notNegative,
    observe: notNegative,
  }),
  steps: listOf(
    fields({
      id: word,
      fault: word,
      params: object,
      on,
      slots: listOf(count),
      injectMs: notNegative,
      healMs: orNull(notNegative),
      follow: flag,
    }),
  ),
  checks: listOf(fields({ name: word, params: object })),
  accepts: listOf(word),
  minimumReady: maybe(object),
  abortWhen: maybe(fields({ goodRatio: share, overMs: positive })),
});

/**
 * Why this is no plan, whoever wrote it: `load.rateRps must be a number above 0, got null`. That
 * it is another plan than the one that was run only the hash beside it can tell.
 */
export function planProblems(written: unknown): readonly string[] {
  const wrong = plan(written);
  if (wrong.length > 0) return wrong.map(showWrong);
  const { stack, load, steps } = written as Plan;
  const parts = stack.map((one) => one.part);
  return [
    ...twice("stack", parts),
    ...twice(
      "load.scenarios",
      load.scenarios.map(({ name }) => name),
    ),
    ...twice(
      "steps",
      steps.map(({ id }) => id),
    ),
    ...(parts.includes(load.to) ? [] : [`load.to must be a part of the stack, got ${load.to}`]),
  ];
}

function twice(list: string, names: readonly string[]): readonly string[] {
  const again = names.find((name, nth) => names.indexOf(name) !== nth);
  return again === undefined ? [] : [`${list} must name each once, got ${again} twice`];
}
