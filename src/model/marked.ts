// Effects that are changes of API objects: what is left on the object is all that undoing takes, so
// that whoever finds it can undo it. Pure: objects in, merge patches out.
import type { Effect, EffectKind } from "./effect.ts";
import { at, listAt, numberAt, textAt, type Json, type JsonObject } from "./json.ts";

export type MarkedEffect = Extract<Effect, { kind: "cordon" | "taint" | "image" | "scale" }>;
type MarkedKind = MarkedEffect["kind"];

/** What an effect leaves on the object that it changed, as JSON in an annotation. */
export interface Mark {
  /** Of the effect. */
  readonly id: string;
  readonly effect: MarkedEffect;
  /** What was there before it. */
  readonly was: Json;
}

/** Label of every object that has a mark. */
export const HELD_LABEL = "ninety/held";

/** What is to be sent; "done": nothing; refused: nothing may be. */
type Hold = { readonly patch: JsonObject } | "done" | { readonly refused: string };
/** A change of the spec, and what it takes the place of. */
type Change = { readonly spec: JsonObject; readonly was: Json } | { readonly refused: string };

interface Rules<E extends MarkedEffect> {
  readonly path: (effect: E) => string;
  /** For people: `node n1`. */
  readonly name: (effect: E) => string;
  readonly change: (object: Json, effect: E) => Change;
  /** Null: it is no longer as the effect left it, and whoever changed it since keeps it. */
  readonly back: (object: Json, mark: Mark & { readonly effect: E }) => JsonObject | null;
}

const RULES: { readonly [K in MarkedKind]: Rules<Extract<MarkedEffect, { kind: K }>> } = {
  cordon: {
    path: ({ node }) => `api/v1/nodes/${node}`,
    name: ({ node }) => `node ${node}`,
    change: (object) =>
      at(object, "spec", "unschedulable") === true
        ? { refused: "must be open, got cordoned by somebody else" }
        : { spec: { unschedulable: true }, was: null },
    back: (object) =>
      at(object, "spec", "unschedulable") === true ? { unschedulable: null } : null,
  },
  taint: {
    path: ({ node }) => `api/v1/nodes/${node}`,
    name: ({ node }) => `node ${node}`,
    change: (object, { key, value, effect }) => {
      const taints = taintsOf(object);
      if (taints.some((one) => one["key"] === key && one["effect"] === effect)) {
        return { refused: `must have no taint ${key}:${effect}, got one of somebody else` };
      }
      return { spec: { taints: [...taints, { key, value, effect }] }, was: null };
    },
    back: (object, { effect: { key, value, effect } }) => {
      const taints = taintsOf(object);
      const left = taints.filter(
        (one) => one["key"] !== key || textAt(one, "value") !== value || one["effect"] !== effect,
      );
      return left.length === taints.length ? null : { taints: left };
    },
  },
  image: {
    path: ({ pod }) => `api/v1/namespaces/${pod.namespace}/pods/${pod.name}`,
    name: ({ pod }) => `pod ${pod.namespace}/${pod.name}`,
    change: changeImage,
    back: (object, { effect, was }) => {
      const containers = listAt(object, "spec", "containers") as readonly JsonObject[];
      const { name, image } = was as { readonly name: string; readonly image: string };
      const ours = containers.find((one) => one["name"] === name);
      if (ours?.["image"] !== effect.image) return null;
      return { containers: containers.map((one) => (one === ours ? { ...one, image } : one)) };
    },
  },
  scale: {
    path: ({ namespace, deployment }) =>
      `apis/apps/v1/namespaces/${namespace}/deployments/${deployment}`,
    name: ({ namespace, deployment }) => `deployment ${namespace}/${deployment}`,
    change: (object, { replicas }) => {
      const was = numberAt(object, "spec", "replicas") ?? 1;
      return was === replicas
        ? { refused: `must have another number of replicas, got ${replicas}` }
        : { spec: { replicas }, was };
    },
    back: (object, { effect, was }) =>
      numberAt(object, "spec", "replicas") === effect.replicas ? { replicas: was } : null,
  },
};

const taintsOf = (node: Json): readonly JsonObject[] =>
  listAt(node, "spec", "taints") as readonly JsonObject[];

function changeImage(
  object: Json,
  { pod, container, image }: Extract<MarkedEffect, { kind: "image" }>,
): Change {
  const uid = textAt(object, "metadata", "uid");
  if (uid !== pod.uid) return { refused: `must have uid ${pod.uid}, got ${uid}` };
  const containers = listAt(object, "spec", "containers") as readonly JsonObject[];
  const names = containers.map((one) => textAt(one, "name"));
  if (container === "" && names.length > 1) {
    return { refused: `must have its container named, got ${names.join(", ")}` };
  }
  const name = container === "" ? (names[0] ?? "") : container;
  const ours = containers.find((one) => one["name"] === name);
  if (ours === undefined) {
    return { refused: `must have a container ${name}, got ${names.join(", ")}` };
  }
  return {
    spec: { containers: containers.map((one) => (one === ours ? { ...one, image } : one)) },
    was: { name, image: textAt(ours, "image") },
  };
}

const rulesOf = (kind: MarkedKind): Rules<MarkedEffect> => RULES[kind] as Rules<MarkedEffect>;
const MARKED = Object.keys(RULES) as readonly MarkedKind[];
const annotationOf = (kind: MarkedKind): string => `ninety/${kind}`;

/** Where the object of an effect is: `api/v1/nodes/n1`. */
export function markedPath(effect: MarkedEffect): string {
  return rulesOf(effect.kind).path(effect);
}

/** `node n1`. */
export function markedName(effect: MarkedEffect): string {
  return rulesOf(effect.kind).name(effect);
}

/** Lists that may hold objects with marks. */
export const MARKED_LISTS: readonly string[] = [
  "api/v1/nodes",
  "api/v1/pods",
  "apis/apps/v1/deployments",
].map((path) => `${path}?labelSelector=${encodeURIComponent(HELD_LABEL)}`);

/** All marks on an object as the API server has it. */
export function marksOn(object: unknown): readonly Mark[] {
  return MARKED.flatMap((kind) => markOf(object, kind) ?? []);
}

/** Null: there is none, or it is none of ours. */
function markOf(object: unknown, kind: MarkedKind): Mark | null {
  const text = textAt(object, "metadata", "annotations", annotationOf(kind));
  try {
    const mark = JSON.parse(text) as Mark;
    return textAt(mark, "id") !== "" && textAt(mark, "effect", "kind") === kind ? mark : null;
  } catch {
    return null;
  }
}

/**
 * What to send so that the effect is there under its id: a merge patch that holds only for the
 * object as it was read. One object bears one effect of a kind.
 */
export function holdPatch(object: Json, of: { id: string; effect: MarkedEffect }): Hold {
  const { id, effect } = of;
  const there = markOf(object, effect.kind);
  if (there !== null) {
    return there.id === id ? "done" : { refused: `must be free, got held by ${there.id}` };
  }
  const change = rulesOf(effect.kind).change(object, effect);
  if ("refused" in change) return change;
  const mark: Mark = { id, effect, was: change.was };
  return {
    patch: {
      metadata: {
        resourceVersion: textAt(object, "metadata", "resourceVersion"),
        labels: { [HELD_LABEL]: "effect" },
        annotations: { [annotationOf(effect.kind)]: JSON.stringify(mark) },
      },
      spec: change.spec,
    },
  };
}

/** As `holdPatch`, so that the effect is gone; null: nothing under its id is there. */
export function releasePatch(
  object: Json,
  of: { readonly id: string; readonly kind: EffectKind },
): JsonObject | null {
  const mark = marksOn(object).find(({ id, effect }) => id === of.id && effect.kind === of.kind);
  if (mark === undefined) return null;
  const last = marksOn(object).length === 1;
  const spec = rulesOf(mark.effect.kind).back(object, mark);
  return {
    metadata: {
      resourceVersion: textAt(object, "metadata", "resourceVersion"),
      ...(last ? { labels: { [HELD_LABEL]: null } } : {}),
      annotations: { [annotationOf(mark.effect.kind)]: null },
    },
    ...(spec === null ? {} : { spec }),
  };
}
