import { stableText, type Json } from "./json.ts";

/** One operation of RFC 6902; `move` and `copy` are not known. */
export type PatchOperation =
  | { readonly op: "add" | "replace" | "test"; readonly path: string; readonly value: Json }
  | { readonly op: "remove"; readonly path: string };

/** Applied in order, to a copy; or what keeps the first of them: `op path: rule, got value`. */
export function applyPatch(
  value: Json,
  operations: readonly PatchOperation[],
): { readonly value: Json } | { readonly problem: string } {
  let now = value;
  for (const operation of operations) {
    const { op, path } = operation;
    try {
      now = changed(now, keysOf(path), { operation, at: "" });
    } catch (error) {
      if (!(error instanceof NotApplied)) throw error;
      return { problem: `${op} ${path === "" ? '""' : path}: ${error.message}` };
    }
  }
  return { value: now };
}

class NotApplied extends Error {}

function keysOf(path: string): readonly string[] {
  if (path === "") throw new NotApplied("must name a field, got the whole object");
  if (!path.startsWith("/")) throw new NotApplied(`must begin with /, got ${path}`);
  const unescaped = (key: string): string => key.replaceAll("~1", "/").replaceAll("~0", "~");
  return path.slice(1).split("/").map(unescaped);
}

interface Step {
  readonly operation: PatchOperation;
  /** Where `value` is, as a path. */
  readonly at: string;
}

const escaped = (key: string): string => key.replaceAll("~", "~0").replaceAll("/", "~1");

/** The value with the operation done below it. */
function changed(value: Json, [key = "", ...rest]: readonly string[], step: Step): Json {
  const { operation, at } = step;
  const here = `${at}/${escaped(key)}`;
  const told = rest.length === 0 ? "" : `${here} `;
  if (typeof value !== "object" || value === null) {
    throw new NotApplied(`${at} must be an object or a list, got ${stableText(value)}`);
  }
  const below = (child: Json): Json => changed(child, rest, { operation, at: here });
  if (Array.isArray(value))
    return inList(value as readonly Json[], key, { operation, rest, told, below });
  const object = value as { readonly [key: string]: Json };
  const isThere = Object.hasOwn(object, key);
  const isAdded = rest.length === 0 && operation.op === "add";
  if (!isThere && !isAdded) {
    const known = Object.keys(object).join(", ") || "nothing";
    throw new NotApplied(`${told}must be there, got an object of ${known}`);
  }
  if (rest.length > 0) return { ...object, [key]: below(object[key]!) };
  if (operation.op === "test") tested(object[key]!, operation.value);
  if (operation.op === "add" || operation.op === "replace") {
    return { ...object, [key]: operation.value };
  }
  if (operation.op === "test") return value;
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));
}

function inList(
  list: readonly Json[],
  key: string,
  of: {
    readonly operation: PatchOperation;
    readonly rest: readonly string[];
    readonly told: string;
    readonly below: (child: Json) => Json;
  },
): Json {
  const { operation, rest, told, below } = of;
  const isAdded = rest.length === 0 && operation.op === "add";
  const last = list.length - (isAdded ? 0 : 1);
  const nth = isAdded && key === "-" ? list.length : /^(0|[1-9]\d*)$/.test(key) ? Number(key) : -1;
  if (nth < 0 || nth > last) {
    const rule =
      last < 0 ? "must be of a list with entries" : `must be 0 to ${last}${isAdded ? " or -" : ""}`;
    throw new NotApplied(`${told}${rule}, got a list of ${list.length}`);
  }
  const before = list.slice(0, nth);
  const after = list.slice(nth + 1);
  if (rest.length > 0) return [...before, below(list[nth]!), ...after];
  if (operation.op === "add") return [...before, operation.value, ...list.slice(nth)];
  if (operation.op === "replace") return [...before, operation.value, ...after];
  if (operation.op === "remove") return [...before, ...after];
  tested(list[nth]!, operation.value);
  return list;
}

function tested(value: Json, wanted: Json): void {
  const [is, must] = [stableText(value), stableText(wanted)];
  if (is !== must) throw new NotApplied(`must be ${must}, got ${is}`);
}
