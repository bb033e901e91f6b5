// Chaos Mesh's CRD files as TypeScript: what its API server would accept, no more and no less.
import { at, textAt } from "../../src/model/json.ts";

type Schema = {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly nullable?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly default?: unknown;
  readonly "x-kubernetes-int-or-string"?: boolean;
};

/** A structure of several kinds is told once, in common.ts. */
const COMMON = "common";
/** What only puts others in order, which ninety does itself: nearly all of it is the pod's spec. */
const LEFT_OUT: readonly string[] = ["Schedule", "Workflow", "WorkflowNode"];

interface Kind {
  readonly name: string;
  readonly apiVersion: string;
  readonly schema: Schema;
}

interface Shared {
  readonly name: string;
  readonly schema: Schema;
}

/** The text of each file by its name without `.ts`; not formatted yet. */
export function chaosMeshTypes(crds: readonly unknown[]): ReadonlyMap<string, string> {
  const kinds = crds
    .map(kindOf)
    .filter(({ name }) => !LEFT_OUT.includes(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const shared = sharedIn(kinds);
  const common = [...shared.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return new Map([
    [COMMON, file(common.map((one) => interfaceOf(one.name, one.schema, shared)).join("\n"), [])],
    ...kinds.map((kind) => [fileName(kind.name), kindFile(kind, shared)] as const),
  ]);
}

function kindOf(crd: unknown): Kind {
  const version = textAt(crd, "spec", "versions", 0, "name");
  const schema = at(crd, "spec", "versions", 0, "schema", "openAPIV3Schema") as Schema;
  const apiVersion = `${textAt(crd, "spec", "group")}/${version}`;
  return { name: textAt(crd, "spec", "names", "kind"), apiVersion, schema };
}

/** `StressChaos` is stress-chaos. */
const fileName = (kind: string): string =>
  kind
    .replace(/([a-z])([A-Z])/g, "$1-$2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1-$2")
    .toLowerCase();

const keyOf = (schema: Schema): string =>
  JSON.stringify(schema, (name, value: unknown) => (name === "description" ? undefined : value));

/** Structures that stand in several kinds, by their text. */
function sharedIn(kinds: readonly Kind[]): ReadonlyMap<string, Shared> {
  const met = new Map<
    string,
    { readonly field: string; readonly schema: Schema; kinds: Set<string> }
  >();
  const walk = (schema: Schema, field: string, kind: string): void => {
    if (schema.properties) {
      const key = keyOf(schema);
      const seen = met.get(key) ?? { field, schema, kinds: new Set() };
      seen.kinds.add(kind);
      met.set(key, seen);
    }
    for (const [name, one] of Object.entries(schema.properties ?? {})) walk(one, name, kind);
    if (schema.items) walk(schema.items, field, kind);
    if (typeof schema.additionalProperties === "object")
      walk(schema.additionalProperties, field, kind);
  };
  for (const { name, schema } of kinds) walk(schema, name, name);
  const shared = new Map<string, Shared>();
  const taken = new Map<string, number>();
  for (const [key, { field, schema, kinds: of }] of met) {
    if (of.size < 2) continue;
    const name = pascal(field);
    const nth = (taken.get(name) ?? 0) + 1;
    taken.set(name, nth);
    shared.set(key, { name: nth === 1 ? name : `${name}${nth}`, schema });
  }
  return shared;
}

const pascal = (field: string): string =>
  field
    .split(/[^A-Za-z0-9]/)
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join("");

function kindFile({ name, apiVersion, schema }: Kind, shared: ReadonlyMap<string, Shared>): string {
  const fixed: Readonly<Record<string, string>> = {
    apiVersion: JSON.stringify(apiVersion),
    kind: JSON.stringify(name),
    metadata: 'KubeObject["metadata"]',
  };
  const spec = schema.properties?.["spec"] ?? {};
  const status = schema.properties?.["status"];
  const body = [
    `export interface ${name} {`,
    ...Object.entries(fixed).map(([field, type]) => `readonly ${field}: ${type};`),
    `readonly spec: ${typeOf(spec, shared)};`,
    ...(status ? [`readonly status?: ${typeOf(status, shared)};`] : []),
    "}",
  ].join("\n");
  const used = [...shared.values()].map((one) => one.name).filter((one) => uses(body, one));
  return file(body, [
    'import type { KubeObject } from "../../model/json.ts";',
    ...(used.length === 0
      ? []
      : [`import type { ${used.sort().join(", ")} } from "./${COMMON}.ts";`]),
  ]);
}

const uses = (body: string, name: string): boolean => new RegExp(`[:<( ]${name}\\b`).test(body);

function file(body: string, imports: readonly string[]): string {
  const head = "// Made by test/chaos-mesh.ts of Chaos Mesh's CRDs: not to be changed by hand.";
  return `${[head, ...imports].join("\n")}\n\n${body}\n`;
}

function interfaceOf(name: string, schema: Schema, shared: ReadonlyMap<string, Shared>): string {
  return `export interface ${name} ${structure(schema, shared)}\n`;
}

function structure(schema: Schema, shared: ReadonlyMap<string, Shared>): string {
  const required = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties ?? {}).map(([name, one]) => {
    const key = /^\w+$/.test(name) ? name : JSON.stringify(name);
    const needed = required.has(name) && one.default === undefined;
    return `${rule(one)}readonly ${key}${needed ? "" : "?"}: ${typeOf(one, shared)};`;
  });
  return `{\n${fields.join("\n")}\n}`;
}

function typeOf(schema: Schema, shared: ReadonlyMap<string, Shared>): string {
  const plain = plainType(schema, shared);
  return schema.nullable === true ? `${plain} | null` : plain;
}

function plainType(schema: Schema, shared: ReadonlyMap<string, Shared>): string {
  if (schema["x-kubernetes-int-or-string"] === true) return "number | string";
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.properties) return shared.get(keyOf(schema))?.name ?? structure(schema, shared);
  if (schema.type === "string" || schema.type === "boolean") return schema.type;
  if (schema.type === "integer" || schema.type === "number") return "number";
  if (schema.type === "array") return listOf(typeOf(schema.items ?? {}, shared));
  const { additionalProperties: values } = schema;
  const inner = typeof values === "object" ? typeOf(values, shared) : "unknown";
  return `Readonly<Record<string, ${inner}>>`;
}

const listOf = (item: string): string =>
  `readonly ${/ \| |^readonly /.test(item) && !item.startsWith("{") ? `(${item})` : item}[]`;

/** What a type cannot say. */
function rule({ minimum, maximum, pattern, default: preset }: Schema): string {
  const rules = [
    ...(minimum === undefined ? [] : [`at least ${minimum}`]),
    ...(maximum === undefined ? [] : [`at most ${maximum}`]),
    ...(pattern === undefined ? [] : [`matches ${pattern}`]),
    ...(preset === undefined ? [] : [`default ${JSON.stringify(preset)}`]),
  ];
  return rules.length === 0 ? "" : `/** ${rules.join(", ")} */\n`;
}
