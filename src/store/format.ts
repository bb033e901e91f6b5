// What a record may hold: docs/schemas, and what they cannot say of one line or document.
import { readFileSync } from "node:fs";
import { STAMP_SLACK_US } from "../model/event.ts";
import type { Plan } from "../model/plan.ts";
import { EARLY_US, requestKind, type RequestKind } from "../model/request.ts";
import { SchemaReader, type Broken, type Schema } from "./schema.ts";

/** Documents and lines of a record that is read. */
export type Format = "plan" | "environment" | "event" | "request" | "end" | "sample";

const FOLDER = new URL("../../docs/schemas/", import.meta.url);
const REFS: Readonly<Record<Format, string>> = {
  plan: "plan.schema.json",
  environment: "environment.schema.json",
  event: "event.schema.json",
  request: "request.schema.json#/$defs/request",
  end: "request.schema.json#/$defs/end",
  sample: "sample.schema.json",
};

const documents = new Map<string, Schema>();
const schemas = new SchemaReader((file) => {
  const known = documents.get(file);
  if (known) return known;
  const read = JSON.parse(readFileSync(new URL(file, FOLDER), "utf8")) as Schema;
  documents.set(file, read);
  return read;
});

/** All that it breaks; fields that are not known may be. */
export function formatProblems(format: Format, value: unknown): readonly Broken[] {
  const broken = schemas.broken(REFS[format], value);
  if (broken.length > 0) return broken;
  const more = [...orderProblems(format, value as Line), ...infiniteProblems(value)];
  return format === "plan" ? [...more, ...nameProblems(value as Plan)] : more;
}

type Line = Readonly<Record<string, unknown>>;

/** What may not be before what, and by how much it may be. */
const ORDERS: Readonly<Partial<Record<Format, readonly (readonly [string, string, number])[]>>> = {
  request: [
    ["startUs", "intendedUs", EARLY_US],
    ["endUs", "startUs", 0],
    ["firstByteUs", "startUs", EARLY_US],
    ["endUs", "firstByteUs", 0],
  ],
  event: [
    ["atUs", "notBeforeUs", 0],
    ["atUs", "stampUs", STAMP_SLACK_US],
  ],
};

function orderProblems(format: Format, line: Line): readonly Broken[] {
  return (ORDERS[format] ?? []).flatMap(([later, earlier, slackUs]) => {
    const [laterUs, earlierUs] = [line[later], line[earlier]];
    if (typeof laterUs !== "number" || typeof earlierUs !== "number") return [];
    if (laterUs >= earlierUs - slackUs) return [];
    const slack = slackUs === 0 ? "" : ` less ${slackUs}`;
    const beside = ` where ${earlier} is ${earlierUs}`;
    return [{ path: later, rule: `at least ${earlier}${slack}`, got: laterUs, beside }];
  });
}

/** JSON has no word for it, but its readers make one of 1e999, also where any JSON may be. */
function infiniteProblems(value: unknown, path = ""): readonly Broken[] {
  if (typeof value === "number") {
    return Number.isFinite(value) ? [] : [{ path, rule: "a finite number", got: value }];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, one]) => {
    const within = Array.isArray(value) ? `[${name}]` : path === "" ? name : `.${name}`;
    return infiniteProblems(one, `${path}${within}`);
  });
}

/** What a plan names, it has, and once. */
function nameProblems({ stack, load, steps }: Plan): readonly Broken[] {
  const parts = stack.map(({ part }) => part);
  const names = load.scenarios.map(({ name }) => name);
  const beside = ` where the stack has ${parts.length === 0 ? "none" : parts.join(", ")}`;
  const to = { path: "load.to", rule: "a part of the stack", got: load.to, beside };
  return [
    ...twice("stack", "part", parts),
    ...twice("load.scenarios", "name", names),
    ...twice(
      "steps",
      "id",
      steps.map(({ id }) => id),
    ),
    ...(parts.includes(load.to) ? [] : [to]),
  ];
}

function twice(list: string, field: string, names: readonly string[]): readonly Broken[] {
  return names.flatMap((got, nth) => {
    const first = names.indexOf(got);
    if (first === nth) return [];
    const beside = ` as in ${list}[${first}]`;
    return [{ path: `${list}[${nth}].${field}`, rule: "given once", got, beside }];
  });
}

const GOT_MAX_CHARACTERS = 80;

/** `events.ndjson line 7: lateUs must be a whole number of at least 0, got "x"`. */
export function showBroken(where: string, { path, rule, got, beside = "" }: Broken): string {
  // JSON would say null of a number that is infinite.
  const text = typeof got === "number" ? String(got) : (JSON.stringify(got) ?? "nothing");
  const shown = text.length > GOT_MAX_CHARACTERS ? `${text.slice(0, GOT_MAX_CHARACTERS)}…` : text;
  return visible(
    `${where}${path === "" ? "" : `: ${path}`} must be ${rule}, got ${shown}${beside}`,
  );
}

/** Others' text on our terminal: what JSON leaves as it is and no eye sees is escaped, too. */
function visible(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The same as no format problems, in a tenth of the time: there are millions of them. */
export function isSound(line: Line): boolean {
  const { id, scenario, intendedUs, attempts, outcome } = line;
  const kind = requestKind(outcome);
  if (kind === undefined || typeof scenario !== "string") return false;
  if (!isCount(id) || !isCount(attempts) || !isCount(intendedUs)) return false;
  if (kind === "dropped") return true;
  const { startUs } = line;
  if (!isCount(startUs) || startUs < intendedUs - EARLY_US) return false;
  return kind === "open" || isSoundEnd(line, kind, startUs);
}

function isSoundEnd(
  line: Line,
  kind: Exclude<RequestKind, "dropped" | "open">,
  startUs: number,
): boolean {
  const { endUs, connection, firstByteUs, status, backend } = line;
  if (!isCount(endUs) || endUs < startUs) return false;
  if (kind === "unconnected") return true;
  if (connection !== "new" && connection !== "reused") return false;
  if (kind === "cut" && firstByteUs === null) return true;
  if (!isCount(firstByteUs) || firstByteUs > endUs) return false;
  if (firstByteUs < startUs - EARLY_US) return false;
  if (kind === "cut") return true;
  return isCount(status) && status >= 100 && status <= 999 && typeof backend === "string";
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}
