import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { isSeq, LineCounter, parseAllDocuments, type Document, type Tags } from "yaml";
import { messageOf } from "../../src/model/error.ts";
import { at, textAt, type KubeObject } from "../../src/model/json.ts";

const FILES_MAX = 200;
const FILE_MAX_BYTES = 2 * 2 ** 20;
const OBJECTS_MAX = 1_000;
const ALIASES_MAX = 100;
const NAMED = /\.(ya?ml|json)$/;

/** One object and where it is written, as `k8s/web.yaml:12`. */
export interface Manifest {
  readonly object: KubeObject;
  readonly where: string;
}

export interface Manifests {
  readonly manifests: readonly Manifest[];
  /** Each with file and line where they are known. */
  readonly problems: readonly string[];
}

/**
 * The objects in a file, or in the .yaml, .yml and .json files of a folder (not of those below it),
 * in order of file names. Lists are taken apart. Throws nothing.
 */
export function readManifests(path: string): Manifests {
  const problems: string[] = [];
  const manifests: Manifest[] = [];
  try {
    for (const file of filesOf(path)) {
      for (const value of valuesIn(file, problems)) take(value, problems, manifests);
    }
  } catch (error) {
    problems.push(messageOf(error));
  }
  if (manifests.length > OBJECTS_MAX) {
    return {
      manifests: [],
      problems: [`${path} must have at most ${OBJECTS_MAX} objects, got ${manifests.length}`],
    };
  }
  if (problems.length === 0 && manifests.length === 0) problems.push(`${path} must have objects`);
  return { manifests, problems };
}

interface File {
  /** As the author wrote it. */
  readonly shown: string;
  readonly path: string;
}

/** Throws where there is none. */
function filesOf(shown: string): readonly File[] {
  const path = shown.startsWith("file:") ? fileURLToPath(shown) : resolve(shown);
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) throw new Error(`${shown} must be a file or a folder that is there`);
  if (!found.isDirectory()) return [{ shown, path }];
  const names = readdirSync(path, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && NAMED.test(entry.name))
    .map(({ name }) => name)
    .sort();
  if (names.length === 0 || names.length > FILES_MAX) {
    throw new Error(`${shown} must have 1 to ${FILES_MAX} YAML files, got ${names.length}`);
  }
  const folder = shown.replace(/\/$/, "");
  return names.map((name) => ({ shown: `${folder}/${name}`, path: join(path, name) }));
}

interface Value {
  readonly value: unknown;
  readonly where: string;
  /** Of the items, where it is a list. */
  readonly itemWheres: readonly string[];
}

/** One for each document that is not empty. */
function valuesIn({ shown, path }: File, problems: string[]): readonly Value[] {
  const { size } = statSync(path);
  if (size > FILE_MAX_BYTES) {
    problems.push(`${shown} must be at most ${FILE_MAX_BYTES} bytes, got ${size}`);
    return [];
  }
  const lines = new LineCounter();
  const whereOf = (offset = 0): string => `${shown}:${lines.linePos(offset).line}`;
  const documents = parseAllDocuments(readFileSync(path, "utf8"), {
    lineCounter: lines,
    prettyErrors: false,
    version: "1.1",
    customTags: asKubectl,
  });
  return [...documents].flatMap((document) => {
    const [error] = document.errors;
    if (error) problems.push(`${whereOf(error.pos[0])}: must be YAML, got ${error.message}`);
    if (error || document.contents === null) return [];
    const where = whereOf(document.contents.range?.[0]);
    try {
      const value: unknown = document.toJS({ maxAliasCount: ALIASES_MAX });
      if (value === null) return [];
      return [{ value, where, itemWheres: itemOffsets(document).map(whereOf) }];
    } catch (thrown) {
      problems.push(`${where}: must be YAML, got ${messageOf(thrown)}`);
      return [];
    }
  });
}

/** What a date or 1:30 is to kubectl: text. */
function asKubectl(tags: Tags): Tags {
  return tags.filter(
    (tag) =>
      typeof tag === "string" ||
      !(tag.tag === "tag:yaml.org,2002:timestamp" || ("format" in tag && tag.format === "TIME")),
  );
}

function itemOffsets(document: Document): readonly number[] {
  const items: unknown = document.get("items", true);
  if (!isSeq(items)) return [];
  return items.items.map((item) => (item as { range?: readonly number[] }).range?.[0] ?? 0);
}

/** One object, or each of a list. */
function take({ value, where, itemWheres }: Value, problems: string[], into: Manifest[]): void {
  const kind = textAt(value, "kind");
  const items = at(value, "items");
  if (kind.endsWith("List") && Array.isArray(items)) {
    // A list of one kind need not say it again at each item.
    const own =
      kind === "List"
        ? {}
        : { apiVersion: at(value, "apiVersion"), kind: kind.slice(0, -"List".length) };
    for (const [nth, item] of items.entries()) {
      const each = typeof item === "object" && item !== null ? { ...own, ...item } : item;
      take({ value: each, where: itemWheres[nth] ?? where, itemWheres: [] }, problems, into);
    }
    return;
  }
  const lacking = [["apiVersion"], ["kind"], ["metadata", "name"]].filter(
    (path) => textAt(value, ...path) === "",
  );
  if (lacking.length > 0) {
    const fields = lacking.map((path) => path.join("."));
    problems.push(`${where}: must be a Kubernetes object, got one without ${fields.join(", ")}`);
    return;
  }
  into.push({ object: JSON.parse(JSON.stringify(value)) as KubeObject, where });
}
