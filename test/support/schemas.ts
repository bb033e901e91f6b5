// The JSON Schemas of a record: to validate with, and as TypeScript to compare with the model.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { ROOT } from "./ninety.ts";

const FOLDER = join(ROOT, "docs/schemas");

/** Schemas of a document or of a line. */
export const SCHEMAS = [
  "plan",
  "environment",
  "event",
  "request",
  "sample",
  "measurement",
  "verdict",
  "report",
] as const;
export type SchemaName = (typeof SCHEMAS)[number];

export type Schema = { readonly [key: string]: unknown };

/** By its name, without `.schema.json`. */
export function readSchema(name: string): Schema {
  return JSON.parse(readFileSync(join(FOLDER, `${name}.schema.json`), "utf8")) as Schema;
}

function validators(): ReadonlyMap<string, ValidateFunction> {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
  const names = readdirSync(FOLDER).map((file) => file.replace(/\.schema\.json$/, ""));
  for (const name of names) ajv.addSchema(readSchema(name));
  return new Map(
    names.map((name) => {
      const validate = ajv.getSchema(`${name}.schema.json`);
      if (!validate) throw new Error(`${name}.schema.json is not a schema`);
      return [name, validate];
    }),
  );
}
const all = validators();

/** What ajv says is wrong with a value, or nothing. */
export function problems(name: SchemaName, value: unknown): readonly string[] {
  const validate = all.get(name);
  if (!validate) throw new Error(`${name}.schema.json is missing`);
  if (validate(value)) return [];
  return (validate.errors ?? []).map((one) => `${name}${one.instancePath} ${one.message}`);
}

/** Definitions that stand for a type of the model as it is. */
const MODEL_TYPES: Readonly<Record<string, string>> = {
  stepId: "StepId",
  json: "Json",
  jsonObject: "JsonObject",
  kubeObject: "KubeObject",
};

/** What a schema allows, as a TypeScript type; throws on a keyword that it does not know. */
export function typeText(schema: Schema, root: Schema): string {
  const { $ref: to, const: one, enum: some, anyOf: any, allOf, type, items } = schema;
  if (typeof to === "string") return refText(to, root);
  if (one !== undefined) return JSON.stringify(one);
  if (Array.isArray(some)) return some.map((value) => JSON.stringify(value)).join(" | ");
  if (Array.isArray(any)) return any.map((inner: Schema) => typeText(inner, root)).join(" | ");
  if (Array.isArray(allOf)) {
    return allOf.map((inner: Schema) => `(${narrowText(inner, root)})`).join(" & ");
  }
  if (type === "array") return `readonly (${typeText(items as Schema, root)})[]`;
  if (type === "object") return objectText(schema, root);
  if (type === "integer") return "number";
  if (typeof type === "string" && ["string", "number", "boolean", "null"].includes(type)) {
    return type;
  }
  throw new Error(`a schema must say its type, got ${JSON.stringify(schema)}`);
}

/** In an `allOf` an open object says more of fields that another schema of it closes. */
function narrowText(schema: Schema, root: Schema): string {
  const isOpen = schema["type"] === "object" && schema["additionalProperties"] === undefined;
  return typeText(isOpen ? { ...schema, additionalProperties: false } : schema, root);
}

function refText(to: string, root: Schema): string {
  const [file = "", path = ""] = to.split("#");
  const name = path.slice(path.lastIndexOf("/") + 1);
  const known = MODEL_TYPES[name];
  if (known !== undefined) return known;
  const home = file === "" ? root : readSchema(file.replace(/\.schema\.json$/, ""));
  const found = path === "" ? home : (home["$defs"] as Readonly<Record<string, Schema>>)[name];
  if (!found) throw new Error(`${to} is not defined`);
  return `(${typeText(found, home)})`;
}

function objectText(schema: Schema, root: Schema): string {
  const {
    properties = {},
    required = [],
    additionalProperties: more,
  } = schema as {
    readonly properties?: Readonly<Record<string, Schema>>;
    readonly required?: readonly string[];
    readonly additionalProperties?: false | Schema;
  };
  if (typeof more === "object") return `Readonly<Record<string, ${typeText(more, root)}>>`;
  if (more !== false) throw new Error(`an object must be closed, got ${JSON.stringify(schema)}`);
  const fields = Object.entries(properties).map(
    ([name, inner]) =>
      `readonly ${JSON.stringify(name)}${required.includes(name) ? "" : "?"}: ${typeText(inner, root)};`,
  );
  return `{ ${fields.join(" ")} }`;
}
