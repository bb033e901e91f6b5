import { at } from "../model/json.ts";

/** A JSON Schema of docs/schemas: of draft 2020-12 the keywords that are used there. */
export interface Schema {
  readonly $ref?: string;
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: false | Schema;
  readonly items?: Schema;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly pattern?: string;
}

/** What a value breaks: `path` is "" for the value itself; `got` undefined: it is not there. */
export interface Broken {
  readonly path: string;
  /** `a whole number of at least 0`. */
  readonly rule: string;
  readonly got: unknown;
  /** What else to know of what was got. */
  readonly beside?: string;
}

/** A schema, and the document that its `#` means. */
interface Placed {
  readonly schema: Schema;
  readonly root: Schema;
}

type Fields = Readonly<Record<string, unknown>>;
type Read = (file: string) => Schema;

/**
 * Says what a value breaks, field by field. Of the arms of an `anyOf` it goes by the one that the
 * value means: by the fields that name a kind, else by what fits best.
 */
export class SchemaReader {
  readonly #read: Read;

  /** `read` gives a document by its `$id`. */
  constructor(read: Read) {
    this.#read = read;
  }

  /** `event.schema.json` or `request.schema.json#/$defs/end`; fields that are not known may be. */
  broken(ref: string, value: unknown): readonly Broken[] {
    return this.#broken(this.#resolved({ $ref: ref }, {}), value, "");
  }

  #broken(of: Placed, value: unknown, path: string): readonly Broken[] {
    const { schema, root } = this.#resolved(of.schema, of.root);
    const { allOf, anyOf } = schema;
    if (allOf) return allOf.flatMap((one) => this.#broken({ schema: one, root }, value, path));
    if (anyOf) return this.#union(this.#arms({ schema, root }), value, path);
    if (!fits(schema, value)) return [{ path, rule: ruleOf(schema), got: value }];
    if (Array.isArray(value)) return this.#items({ schema, root }, value, path);
    return isObject(value) ? this.#fields({ schema, root }, value, path) : [];
  }

  #items({ schema, root }: Placed, value: readonly unknown[], path: string): readonly Broken[] {
    const { items } = schema;
    if (!items) return [];
    return value.flatMap((one, nth) =>
      this.#broken({ schema: items, root }, one, `${path}[${nth}]`),
    );
  }

  #fields({ schema, root }: Placed, value: Fields, path: string): readonly Broken[] {
    const { properties: known = {}, required = [], additionalProperties: more } = schema;
    const broken: Broken[] = [];
    for (const name of required) {
      if (Object.hasOwn(value, name)) continue;
      const rule = this.#rule({ schema: known[name] ?? {}, root });
      broken.push({ path: inside(path, name), rule, got: undefined });
    }
    for (const [name, one] of Object.entries(value)) {
      const own = Object.hasOwn(known, name) ? known[name] : more;
      if (!own) continue;
      for (const inner of this.#broken({ schema: own, root }, one, inside(path, name))) {
        broken.push(inner);
      }
    }
    return broken;
  }

  #union(arms: readonly Placed[], value: unknown, path: string): readonly Broken[] {
    const alike = arms.filter(({ schema }) => fits(schema, value));
    if (alike.length === 0) return [{ path, rule: rulesOf(arms), got: value }];
    const meant = isObject(value) ? meantBy(alike, value, path) : alike;
    if ("rule" in meant) return [meant];
    let best: readonly Broken[] | null = null;
    for (const arm of meant) {
      const broken = this.#broken(arm, value, path);
      if (broken.length === 0) return broken;
      if (best === null || broken.length < best.length) best = broken;
    }
    return best ?? [];
  }

  /** Also those of unions within. */
  #arms(of: Placed): readonly Placed[] {
    const { schema, root } = this.#resolved(of.schema, of.root);
    if (!schema.anyOf) return [{ schema, root }];
    return schema.anyOf.flatMap((one) => this.#arms({ schema: one, root }));
  }

  #rule(of: Placed): string {
    const { schema, root } = this.#resolved(of.schema, of.root);
    const first = schema.allOf?.[0];
    if (first) return this.#rule({ schema: first, root });
    return rulesOf(this.#arms({ schema, root }));
  }

  #resolved(schema: Schema, root: Schema): Placed {
    let here: Placed = { schema, root };
    for (let to = schema.$ref; to !== undefined; to = here.schema.$ref) {
      const [file = "", path = ""] = to.split("#");
      const document = file === "" ? here.root : this.#read(file);
      const found = at(document, ...path.split("/").slice(1));
      if (!isObject(found)) throw new Error(`${to} must be a schema, got none`);
      here = { schema: found, root: document };
    }
    return here;
  }
}

/** The arms that the value's own words allow, or what word allows none. */
function meantBy(arms: readonly Placed[], value: Fields, path: string): readonly Placed[] | Broken {
  let left = arms;
  const tags = new Set(arms.flatMap(({ schema }) => wordsOf(schema)));
  for (const name of tags) {
    if (left.length < 2) break;
    const field = (arm: Placed): Schema | undefined => arm.schema.properties?.[name];
    const allowed = left.filter((arm) => {
      const own = field(arm);
      if (!own) return true;
      if (!Object.hasOwn(value, name)) return arm.schema.required?.includes(name) !== true;
      return fits(own, value[name]);
    });
    if (allowed.length === 0) {
      const rule = ruleOfAll(left.flatMap((arm) => field(arm) ?? []));
      return { path: inside(path, name), rule, got: value[name] };
    }
    left = allowed;
  }
  return left;
}

/** Names of the fields of which only some words are allowed, or texts that begin so. */
function wordsOf(schema: Schema): readonly string[] {
  const fields = Object.entries(schema.properties ?? {});
  const name = (own: Schema): boolean => wordsIn(own).length > 0 || own.pattern !== undefined;
  return fields.filter(([, own]) => name(own)).map(([key]) => key);
}

function ruleOfAll(fields: readonly Schema[]): string {
  const words = [...new Set(fields.flatMap(wordsIn))];
  if (words.length > 0) return oneOf(words);
  return [...new Set(fields.map(ruleOf))].join(" or ");
}

function wordsIn(schema: Schema): readonly unknown[] {
  return "const" in schema ? [schema.const] : (schema.enum ?? []);
}

/** Whether the value itself is right, whatever is in it. */
function fits(schema: Schema, value: unknown): boolean {
  const words = wordsIn(schema);
  if (words.length > 0) return words.includes(value);
  switch (schema.type) {
    case undefined:
      return true;
    case "object":
      return isObject(value);
    case "array":
      return Array.isArray(value);
    case "null":
      return value === null;
    case "integer":
      return Number.isInteger(value) && isInside(schema, value as number);
    case "number":
      return typeof value === "number" && Number.isFinite(value) && isInside(schema, value);
    case "string":
      return typeof value === "string" && isLike(schema, value);
    default:
      return typeof value === schema.type;
  }
}

function isInside(schema: Schema, value: number): boolean {
  const { minimum = -Infinity, maximum = Infinity, exclusiveMinimum = -Infinity } = schema;
  return value >= minimum && value <= maximum && value > exclusiveMinimum;
}

function isLike({ minLength = 0, pattern = "" }: Schema, text: string): boolean {
  // It counts characters, not halves of them.
  if (minLength > 0 && Array.from(text).length < minLength) return false;
  return new RegExp(pattern, "u").test(text);
}

const TYPES: Readonly<Record<string, string>> = {
  object: "an object",
  array: "a list",
  null: "null",
  integer: "a whole number",
  number: "a number",
  string: "a text",
  boolean: "true or false",
};

const rulesOf = (arms: readonly Placed[]): string =>
  [...new Set(arms.map(({ schema }) => ruleOf(schema)))].join(" or ");

function ruleOf(schema: Schema): string {
  const words = wordsIn(schema);
  if (words.length > 0) return oneOf(words);
  const { type = "", minimum, maximum, exclusiveMinimum, minLength = 0, pattern } = schema;
  const rule = TYPES[type] ?? "any JSON";
  if (minimum !== undefined && maximum !== undefined) return `${rule} of ${minimum} to ${maximum}`;
  if (minimum !== undefined) return `${rule} of at least ${minimum}`;
  if (exclusiveMinimum !== undefined) return `${rule} above ${exclusiveMinimum}`;
  if (minLength === 1) return `${rule} that is not empty`;
  if (minLength > 1) return `${rule} of at least ${minLength} characters`;
  return pattern === undefined ? rule : `${rule} that matches ${pattern}`;
}

function oneOf(words: readonly unknown[]): string {
  const shown = words.map((word) => (typeof word === "string" ? word : JSON.stringify(word)));
  return shown.length === 1 ? shown.join("") : `one of ${shown.join(", ")}`;
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Anybody's names: what is no plain word is quoted, and long ones are cut. */
function inside(path: string, name: string): string {
  const shown = /^[\w:-]{1,60}$/.test(name) ? name : JSON.stringify(name.slice(0, 60));
  return path === "" ? shown : `${path}.${shown}`;
}
