import { messageOf } from "../model/error.ts";
import type { JsonObject } from "../model/json.ts";

/** A plain object or a function's like: anything that has named fields, and no list. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const SHOWN_MAX = 80;

/** A value of any shape in one short line; never throws. */
export function show(value: unknown): string {
  let told: string | undefined;
  try {
    told = typeof value === "function" ? "a function" : JSON.stringify(value);
  } catch {
    told = undefined;
  }
  const line = told ?? (value === undefined ? "nothing" : `a ${typeof value}`);
  return line.length > SHOWN_MAX ? `${line.slice(0, SHOWN_MAX)}…` : line;
}

/** The items of a list that must hold at least one; a problem and no items where it does not. */
export function listOf(path: string, value: unknown, problems: string[]): readonly unknown[] {
  if (Array.isArray(value) && value.length > 0) return value as readonly unknown[];
  // A missing one is told with the other fields.
  if (value !== undefined)
    problems.push(`${path} must be a list of at least one, got ${show(value)}`);
  return [];
}

/** As it will stand in plan.json: what has no value is not there. */
export function asJson(value: object): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}

/** The rules between fields that a plug-in states about itself. */
export function rulesBroken(
  path: string,
  rules: () => readonly string[] | undefined,
): readonly string[] {
  try {
    return (rules() ?? []).map((rule) => `${path}.${rule}`);
  } catch (error) {
    return [`${path} could not be checked: ${messageOf(error)}`];
  }
}
