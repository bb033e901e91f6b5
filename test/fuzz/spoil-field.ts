// One field of a JSON text, spoilt.
import type { RandomOf } from "./spoil-lines.ts";

/** A number that JSON has no word for, or that no reader may take for one. */
const RAW = /"@raw (.*?)@"/g;
const raw = (text: string): string => `@raw ${text}@`;

type Path = readonly (string | number)[];
interface Leaf {
  readonly path: Path;
  readonly value: unknown;
}

/** What lies below these is anything: logs of what was seen, and what others read. */
const FREE = ["saw", "effect", "objects", "options", "machine", "nodes", "versions", "tags"];
/** May be null or away. */
const NULLABLE = ["gitCommit", "holder", "cause", "replicas", "healMs", "selector", "service"];
const NULLABLE_MS = ["nodeGraceMs", "nodeLeaseMs", "backoffMaxMs"];
const OPTIONAL = ["planSha256", "serviceMs", "capacityMs"];
/** Any finite number may be in these. */
const ANY_NUMBER = ["value"];
const WORDS = ["type", "edge", "phase", "outcome", "effect", "connection", "level", "kind", "is"];
/** And of the plan two that no event has. */
const TIME = /Us$|^(?:timeout|within)Ms$/;

function leavesOf(value: unknown, path: Path = []): readonly Leaf[] {
  const own = path.length === 0 ? [] : [{ path, value }];
  if (typeof value !== "object" || value === null) return own;
  const inner = Array.isArray(value)
    ? value.flatMap((one, i) => leavesOf(one, [...path, i]))
    : Object.entries(value).flatMap(([key, one]) => {
        // The word of an evidence is one; the data of an effect are free.
        const free = FREE.includes(key) && typeof one === "object";
        return free ? [{ path: [...path, key], value: one }] : leavesOf(one, [...path, key]);
      });
  return [...own, ...inner];
}

const keyOf = ({ path }: Leaf): string => String(path.at(-1));
const isNumber = ({ value }: Leaf): boolean => typeof value === "number";
/** Of what a witness saw, and of a setting, any JSON that is there. */
const isAnything = ({ path }: Leaf): boolean =>
  path.at(-1) === "saw" || (path.at(-1) === "value" && path.at(-2) === "cause");
const mayBeAny = (leaf: Leaf): boolean => ANY_NUMBER.includes(keyOf(leaf));

export interface FieldSpoil {
  readonly what: string;
  readonly meets: (leaf: Leaf) => boolean;
  readonly becomes: (value: never) => unknown;
}

export const FIELD_SPOILS: readonly FieldSpoil[] = [
  {
    what: "missing",
    meets: (leaf) => typeof leaf.path.at(-1) === "string" && !OPTIONAL.includes(keyOf(leaf)),
    becomes: () => undefined,
  },
  {
    what: "null",
    meets: (leaf) =>
      leaf.value !== null &&
      ![...NULLABLE, ...NULLABLE_MS].includes(keyOf(leaf)) &&
      !isAnything(leaf),
    becomes: () => null,
  },
  { what: "NaN", meets: isNumber, becomes: () => raw("NaN") },
  { what: "infinite", meets: isNumber, becomes: () => raw("1e999") },
  { what: "minus infinite", meets: isNumber, becomes: () => raw("-1e999") },
  {
    what: "negative",
    meets: (leaf) => isNumber(leaf) && !mayBeAny(leaf) && !isAnything(leaf),
    becomes: (value: number) => -Math.abs(value) - 1,
  },
  {
    what: "huge",
    meets: (leaf) => isNumber(leaf) && (TIME.test(keyOf(leaf)) || keyOf(leaf) === "status"),
    becomes: () => Number.MAX_SAFE_INTEGER,
  },
  {
    what: "a number as text",
    meets: (leaf) => isNumber(leaf) && !isAnything(leaf),
    becomes: (value: number) => String(value),
  },
  {
    what: "of another type",
    meets: (leaf) => leaf.value !== null && !isAnything(leaf),
    becomes: (value: unknown) => (typeof value === "string" ? 7 : "seven"),
  },
  {
    what: "an unknown word",
    meets: (leaf) => typeof leaf.value === "string" && WORDS.includes(keyOf(leaf)),
    becomes: () => "none-such",
  },
];

/** The text with one field spoilt; null: it has none that this can be done to. */
export function spoiltField(text: string, spoil: FieldSpoil, random: RandomOf): string | null {
  const value: unknown = JSON.parse(text);
  const meant = leavesOf(value).filter(spoil.meets);
  const leaf = meant[Math.floor(random() * meant.length)];
  if (!leaf) return null;
  const holder = leaf.path.slice(0, -1).reduce((here: never, key) => here[key], value as never);
  const key = leaf.path.at(-1)!;
  const becomes = spoil.becomes(leaf.value as never);
  if (becomes === undefined) delete (holder as Record<string, unknown>)[key];
  else (holder as Record<string, unknown>)[key] = becomes;
  return JSON.stringify(value).replaceAll(RAW, "$1");
}
