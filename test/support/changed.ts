// Values with one thing wrong, wherever it can be wrong.

type Path = readonly (string | number)[];

/** Objects that hold what they like. */
const OPEN = /(^|\.)(params|options|objects\.0|detail|machine|nodes\.0)$/;
/** Any JSON may stand there; of a proof's event the evidence itself is known. */
const ANY = /(^|\.)(saw|json|cause\.value|0\.evidence|operations\.0\.value|advice\.0\.(from|to))$/;
/** Their fields have any name, and none must be there. */
const MAPS = new Set("versions tags headers minimumReady clocks service outcomes".split(" "));
/** May be left out. */
const OPTIONAL = new Set([
  ..."planSha256 images existing request by abortWhen json minimumReady artifacts".split(" "),
  ..."predicted advice aborted damage hint warmup steady faults observe".split(" "),
]);
/** Lists may stand there as well as null. */
const LIST_OR_ELSE = new Set(["leftovers", "peers"]);

interface Changed {
  readonly what: string;
  readonly value: unknown;
}

/** Each field left out, one too many in each object, and each value of another type. */
export function* changesOf(value: unknown): Generator<Changed> {
  for (const path of pathsIn(value)) {
    const here = at(value, path);
    const [name = "", outer] = [path.at(-1), path.at(-2)].map(String);
    const where = path.join(".");
    const change = (what: string, other: unknown): Changed => ({
      what: `${where} ${what}`,
      value: set(value, path, other),
    });
    if (isObject(here) && !isFree(where) && (!MAPS.has(name) || name === "outcomes")) {
      yield change("has a field more", { ...here, surprise: 1 });
    }
    if (path.length === 0) continue;
    if (!ANY.test(where)) {
      const other = Array.isArray(here) || LIST_OR_ELSE.has(name) ? {} : [];
      yield change(`is ${JSON.stringify(other)}`, other);
    }
    if (typeof here === "number" && name.endsWith("Us") && !isDerived(value)) {
      for (const time of [-1, 0.5]) yield change(`is ${time}`, time);
    }
    if (typeof path.at(-1) === "number" || OPTIONAL.has(name) || MAPS.has(outer ?? "")) continue;
    yield { what: `${where} is left out`, value: without(value, path) };
  }
}

/** Times of derived documents are computed, and may be between microseconds. */
const isDerived = (value: unknown): boolean => isObject(value) && "episodes" in value;

const isFree = (where: string): boolean => OPEN.test(where) || ANY.test(where);

function pathsIn(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== "object" || value === null || isFree(path.join("."))) return [path];
  // The first of a list stands for all.
  const inner: readonly (readonly [string | number, unknown])[] = Array.isArray(value)
    ? value.slice(0, 1).map((one: unknown) => [0, one] as const)
    : Object.entries(value);
  return [path, ...inner.flatMap(([key, one]) => pathsIn(one, [...path, key]))];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function at(value: unknown, path: Path): unknown {
  return path.reduce((here, key) => (here as Readonly<Record<string, unknown>>)[key], value);
}

function set(value: unknown, path: Path, other: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return other;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<
    string | number,
    unknown
  >;
  copy[first] = set(copy[first], rest, other);
  return copy;
}

function without(value: unknown, path: Path): unknown {
  const outer = path.slice(0, -1);
  const { [path.at(-1)!]: _gone, ...rest } = at(value, outer) as Readonly<Record<string, unknown>>;
  return set(value, outer, rest);
}
