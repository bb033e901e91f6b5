// docs/schemas says what the types of the model say: the compiler compares both ways.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { ROOT } from "../support/ninety.ts";
import { readSchema, SCHEMAS, typeText, type SchemaName } from "../support/schemas.ts";

const folder =
  (mkdirSync(join(ROOT, "reports"), { recursive: true }),
  mkdtempSync(join(ROOT, "reports", "test-schemas-")));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Which type of the model says what a schema says. */
const SAME: Readonly<Record<SchemaName, string>> = {
  plan: "Plan",
  environment: "Environment",
  event: "Event",
  request: "Request | RequestsEnd",
  sample: "Sample",
  measurement: "Measurement",
  verdict: "Verdict",
  report: "RunReport",
};

/** The types of the model by name, and what compares two types. */
const HEAD = `
import type { Environment } from "../../src/model/record.ts";
import type { Event } from "../../src/model/event.ts";
import type { Json, JsonObject, KubeObject } from "../../src/model/json.ts";
import type { Measurement } from "../../src/model/measurement.ts";
import type { Plan, StepId } from "../../src/model/plan.ts";
import type { Request, RequestsEnd, Sample } from "../../src/model/request.ts";
import type { RunReport } from "../../src/model/report.ts";
import type { Verdict } from "../../src/model/verdict.ts";
export type Free = [Json, JsonObject, KubeObject, StepId];
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
// An optional field that one side lacks is assignable; a required one is not.
type Deep<T> = T extends readonly (infer U)[] ? readonly Deep<U>[]
  : T extends object ? { readonly [K in keyof T]-?: Deep<T[K]> } : T;
`;

/** The schemas of which the compiler says that they are not the types of the model. */
function drifted(change: (name: SchemaName, text: string) => string): readonly string[] {
  const head = HEAD.split("\n");
  const lines = SCHEMAS.map((name) => {
    const schema = readSchema(name);
    const [own, type] = [change(name, typeText(schema, schema)), SAME[name]];
    const both = `[Same<${own}, ${type}>, Same<Deep<${own}>, Deep<${type}>>]`;
    return `export const ${name}Same: ${both} = [true, true];`;
  });
  const file = join(folder, "same.ts");
  writeFileSync(file, [...head, ...lines, ""].join("\n"));
  const flags = ["--ignoreConfig", "--noEmit", "--strict", "--exactOptionalPropertyTypes"];
  const modules = ["--allowImportingTsExtensions", "--module", "nodenext", "--target", "es2024"];
  const tsc = join(ROOT, "node_modules/.bin/tsc");
  const ended = spawnSync(tsc, [...flags, "--skipLibCheck", ...modules, file], {
    encoding: "utf8",
  });
  if (ended.status === 0) return [];
  const said = [...ended.stdout.matchAll(/^\S*same\.ts\((\d+),/gm)].map((hit) => Number(hit[1]));
  const found = SCHEMAS.filter((_, nth) => said.includes(head.length + nth + 1));
  if (found.length === 0) throw new Error(`tsc ended with ${ended.status}: ${ended.stdout}`);
  return found;
}

test("schemas and types of the model are the same", () => {
  expect(drifted((_, text) => text)).toEqual([]);
});

const CHANGES: readonly (readonly [what: string, schema: SchemaName, from: string, to: string])[] =
  [
    ["an optional field less", "plan", 'readonly "by"?: "name";', ""],
    ["an optional field that must be", "environment", '"planSha256"?', '"planSha256"'],
    ["a value less", "event", ' | "unleased"', ""],
    ["an optional field more", "sample", "{ ", '{ readonly "more"?: number; '],
    ["another type", "verdict", '"hint"?: string', '"hint"?: number'],
    ["another unit", "measurement", '"unit"?: "count"', '"unit"?: "ms"'],
    ["a value more", "request", '"new" | "reused"', '"new" | "old" | "reused"'],
    ["a field less", "report", 'readonly "folder": string;', ""],
  ];

test.each([
  CHANGES,
  [["a kind of effect less", "event", '"kind": "freeze"', '"kind": "power"'] as const],
  [
    [
      "a kind of effect more",
      "event",
      '"kind": "cordon"',
      '"kind": "cordon" | "uncordon"',
    ] as const,
  ],
])("drift is found: %#", (...changes) => {
  const found = drifted((name, text) => {
    const [, , from, to] = changes.find(([, schema]) => schema === name) ?? [];
    if (from === undefined || to === undefined) return text;
    expect(text).toContain(from);
    return text.replace(from, to);
  });
  expect([...found].sort()).toEqual(changes.map(([, schema]) => schema).sort());
});
