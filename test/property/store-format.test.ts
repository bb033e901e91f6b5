// Our own reading of docs/schemas against ajv's, on records that were changed at random.
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Format } from "../../src/store/format.ts";
import { formatProblems, isSound } from "../../src/store/format.ts";
import { changesOf } from "../support/changed.ts";
import { allRecords, partsOf, type Part } from "../support/judged-records.ts";
import { problems, type SchemaName } from "../support/schemas.ts";

const FORMATS: readonly SchemaName[] = ["plan", "environment", "event", "request", "sample"];
const records = await allRecords();

function formatOf(schema: SchemaName, value: unknown): Format {
  const isEnd = schema === "request" && Object.hasOwn(value as object, "end");
  return isEnd ? "end" : (schema as Format);
}

/** One of each shape. */
const shapes: readonly Part[] = (() => {
  const seen = new Map<string, Part>();
  for (const record of records.values()) {
    for (const [schema, value] of partsOf(record)) {
      if (!FORMATS.includes(schema)) continue;
      const keys = [schema, ...Object.entries(value as object).map(([key]) => key)];
      const { type, edge, outcome } = value as Readonly<Record<string, unknown>>;
      seen.set([...keys, type, edge, outcome].join(" "), [schema, value]);
    }
  }
  return [...seen.values()];
})();

/** Every place in a value, by its keys. */
function places(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, one]) => places(one, [...path, key]))];
}

function put(value: unknown, [first, ...rest]: readonly string[], other: unknown): unknown {
  if (first === undefined) return other;
  const copy = structuredClone(value) as Record<string, unknown>;
  if (rest.length === 0 && other === undefined && !Array.isArray(value)) delete copy[first];
  else copy[first] = put(copy[first], rest, other);
  return JSON.parse(JSON.stringify(copy)) as unknown;
}

const OTHERS = [
  undefined,
  null,
  "",
  "x",
  "f9",
  "ok",
  "pod",
  0,
  -1,
  0.5,
  2 ** 40,
  true,
  [],
  {},
  [[]],
];

/** A part of a record with one to three values changed. */
const changed = fc
  .tuple(
    fc.constantFrom(...shapes),
    fc.array(fc.tuple(fc.nat(), fc.constantFrom(...OTHERS)), { minLength: 1, maxLength: 3 }),
  )
  .map(([[schema, value], all]): Part => {
    const made = all.reduce<unknown>((here, [nth, other]) => {
      const found = places(here).filter((path) => path.length > 0);
      if (found.length === 0) return here;
      return put(here, found[nth % found.length]!, other);
    }, value);
    return [schema, made];
  });

/** Neither order of times nor fields that are not known are what ajv and we have in common. */
function agree([schema, value]: Part): void {
  const own = formatProblems(formatOf(schema, value), value).filter(({ beside }) => !beside);
  const theirs = problems(schema, value).filter(
    (problem) => !problem.includes("additional properties"),
  );
  const said = own.map(({ path, rule }) => `${path} must be ${rule}`);
  expect(own.length > 0, JSON.stringify({ schema, value, said, theirs })).toBe(
    theirs.some((problem) => !problem.includes("must match a schema in anyOf")),
  );
}

describe("what breaks a schema breaks it for both", () => {
  test("the records as they are", () => {
    for (const [schema, value] of shapes) {
      expect(formatProblems(formatOf(schema, value), value), JSON.stringify(value)).toEqual([]);
    }
  });

  test("changed at random", () => {
    fc.assert(fc.property(changed, agree), { numRuns: 5_000 });
  });

  test("each field by itself: it is told by its path", () => {
    for (const [schema, value] of shapes) {
      for (const { what, value: other } of changesOf(value)) {
        if (what.endsWith("has a field more")) continue;
        const broken = formatProblems(formatOf(schema, other), other);
        expect(broken, `${schema}: ${what}`).not.toEqual([]);
      }
    }
  });
});

test("a request is sound exactly where it breaks nothing", () => {
  const requests = fc.tuple(changed).filter(([[schema]]) => schema === "request");
  fc.assert(
    fc.property(requests, ([[, value]]) => {
      if (typeof value !== "object" || value === null || Object.hasOwn(value, "end")) return;
      const line = value as Readonly<Record<string, unknown>>;
      expect(isSound(line), JSON.stringify(line)).toBe(
        formatProblems("request", line).length === 0,
      );
    }),
    { numRuns: 5_000 },
  );
});
