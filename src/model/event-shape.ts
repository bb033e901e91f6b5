import type { Phase } from "./event.ts";
import { textAt } from "./json.ts";
import {
  byWord,
  count,
  fields,
  flag,
  isFiniteAll,
  listOf,
  maybe,
  notNegative,
  number,
  object,
  oneOf,
  orNull,
  present,
  text,
  word,
  type Shape,
} from "./shape.ts";

/** In the order that a run goes through them. */
export const PHASES: readonly Phase[] = [
  "preflight",
  "deploy",
  "warmup",
  "steady",
  "faults",
  "observe",
  "teardown",
  "end",
];

const time = notNegative;
const pod = fields({ namespace: word, name: word, uid: word, node: text });
const target = byWord("kind", {
  node: fields({ node: word }),
  pod,
  gpu: fields({ node: word, device: word, holder: orNull(pod) }),
  link: fields({ from: listOf(pod), to: listOf(pod) }),
  cluster: object,
});

const proof = (...effects: readonly string[]): Shape =>
  fields({
    evidence: fields({ effect: oneOf(...effects), by: text, saw: present, needed: text }),
    lookedUs: time,
  });

const edge = byWord("edge", {
  "inject-begin": fields({
    targets: listOf(target),
    effects: listOf(fields({ id: word, effect: object })),
    lateUs: time,
  }),
  "inject-end": fields({ stampUs: time }),
  proved: proof("present"),
  unproved: proof("absent", "unclear"),
  "heal-begin": object,
  "heal-end": object,
  "heal-proved": proof("absent"),
  "heal-unproved": proof("present", "unclear"),
  lapsed: object,
  "inject-failed": fields({ message: text }),
  "heal-failed": fields({ message: text }),
});

const took = byWord("is", {
  value: fields({ unit: word, value: number, low: number, high: number, n: count }),
  beyond: fields({ unit: word, low: number, n: count }),
  absent: fields({ unit: word, why: text }),
});
const cause = fields({
  object: text,
  setting: text,
  value: present,
  predicted: fields({ lowMs: time, highMs: time }),
});

const limit: Shape = (value, name = "") => {
  const isOne = [fields({ max: notNegative }), fields({ min: notNegative })].some(
    (shape) => shape(value, name).length === 0,
  );
  return isOne ? [] : [{ name, rule: "a max or a min", got: value }];
};

const details: readonly (readonly [object: string, detail: Shape])[] = [
  [
    "pod/",
    fields({
      part: text,
      uid: word,
      node: text,
      ready: flag,
      terminating: flag,
      gone: flag,
      restarts: count,
      reason: text,
      devices: listOf(fields({ id: text, health: text })),
      finishedAt: maybe(text),
    }),
  ],
  ["node/", fields({ ready: flag, gpusAllocatable: count, gpusCapacity: count })],
  ["endpoints/", fields({ ready: listOf(text) })],
  ["watch/", object],
];

const cluster: Shape = (value, name) => {
  const known = details.find(([kind]) => textAt(value, "object").startsWith(kind));
  const thing: Shape = (object) =>
    known
      ? []
      : [{ name: "object", rule: details.map(([kind]) => `${kind}…`).join(" | "), got: object }];
  return fields({
    object: thing,
    change: text,
    notBeforeUs: time,
    detail: known ? known[1] : object,
  })(value, name);
};

const body = byWord("type", {
  phase: fields({ phase: oneOf(...PHASES) }),
  fault: (value, name) => [...fields({ id: word })(value, name), ...edge(value, name)],
  prediction: fields({
    segments: listOf(fields({ from: word, to: word, took, cause: orNull(cause) })),
  }),
  damage: fields({ accept: word, id: word, what: word, observed: notNegative, limit, rule: text }),
  cluster,
  error: fields({ code: text, message: text }),
});

/**
 * What of an event is not as it must be, without the value that it has: `proved event:
 * evidence.effect must be present`; null: nothing.
 */
export function eventProblem(event: unknown): string | null {
  const [wrong] = [...fields({ atUs: time })(event), ...body(event)];
  if (wrong === undefined) return isFiniteAll(event) ? null : "a number that is none";
  const { type, edge: of } = (event ?? {}) as { readonly type?: unknown; readonly edge?: unknown };
  const said = typeof of === "string" ? of : typeof type === "string" ? type : "";
  // A word out of a broken file may be anything.
  const known = /^[a-z-]{1,20}$/.test(said) ? `${said} event` : "a line";
  return `${known}: ${wrong.name === "" ? "it" : wrong.name} must be ${wrong.rule}`;
}
