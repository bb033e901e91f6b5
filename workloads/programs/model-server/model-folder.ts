import { createHash } from "node:crypto";
import { readFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../../../src/model/error.ts";
import { listAt, numberAt, textAt } from "../../../src/model/json.ts";
import type { Signature } from "./predict-body.ts";

/** Inputs that no training saw, what the model must answer, and how far a number may be off. */
export interface Expected {
  readonly tolerance: number;
  readonly cases: readonly {
    readonly input: readonly number[];
    readonly output: readonly number[];
  }[];
}

/** One complete version: all its files are there and are what its metadata.json tells. */
export interface ModelVersion {
  readonly version: number;
  readonly path: string;
  readonly sha256: string;
  readonly signature: Signature;
  readonly expected: Expected;
}

/** What the base path holds; a version that is not complete is a problem, never served. */
export interface FolderScan {
  readonly versions: readonly ModelVersion[];
  readonly problems: readonly string[];
}

/** More version folders than this are not looked at. */
const VERSIONS_MAX = 64;

const FILES = ["metadata.json", "model.onnx", "expected.json"] as const;

/** The numbered folders below a base path; files that did not change are not read again. */
export class ModelFolder {
  readonly #basePath: string;
  readonly #modelName: string;
  readonly #known = new Map<
    number,
    { readonly files: string; readonly result: ModelVersion | Error }
  >();

  constructor(basePath: string, modelName: string) {
    this.#basePath = basePath;
    this.#modelName = modelName;
  }

  /** Looks at every version, newest first. */
  async scan(): Promise<FolderScan> {
    let names: string[];
    try {
      names = await readdir(this.#basePath);
    } catch (error) {
      return { versions: [], problems: [`${this.#basePath}: ${messageOf(error)}`] };
    }
    const numbers = names.filter((name) => /^\d{1,9}$/.test(name)).map(Number);
    const newest = numbers.sort((a, b) => b - a).slice(0, VERSIONS_MAX);
    for (const version of this.#known.keys()) {
      if (!newest.includes(version)) this.#known.delete(version);
    }
    const versions: ModelVersion[] = [];
    const problems: string[] = [];
    for (const version of newest) {
      const result = await this.#look(version);
      if (result instanceof Error) problems.push(result.message);
      else versions.push(result);
    }
    return { versions, problems };
  }

  async #look(version: number): Promise<ModelVersion | Error> {
    const folder = join(this.#basePath, String(version));
    try {
      const stats = await Promise.all(FILES.map((file) => stat(join(folder, file))));
      const files = stats.map((each) => `${each.ino}:${each.size}:${each.mtimeMs}`).join(" ");
      const known = this.#known.get(version);
      if (known?.files === files) return known.result;
      const result = await readVersion(folder, this.#modelName, version).catch(
        (error: unknown) => new Error(`${folder}: ${messageOf(error)}`),
      );
      this.#known.set(version, { files, result });
      return result;
    } catch (error) {
      return new Error(`${folder}: ${messageOf(error)}`);
    }
  }
}

async function readVersion(
  folder: string,
  modelName: string,
  version: number,
): Promise<ModelVersion> {
  const metadata: unknown = JSON.parse(await readFile(join(folder, "metadata.json"), "utf8"));
  const [name, told] = [textAt(metadata, "name"), numberAt(metadata, "version")];
  if (name !== modelName || told !== version) {
    throw new Error(`metadata.json must tell of ${modelName} ${version}, got ${name} ${told}`);
  }
  const path = join(folder, "model.onnx");
  const sha256 = textAt(metadata, "sha256");
  await hashed(path, sha256);
  const expected = await hashed(join(folder, "expected.json"), textAt(metadata, "expectedSha256"));
  return {
    version,
    path,
    sha256,
    signature: { input: field(metadata, "input"), output: field(metadata, "output") },
    expected: readExpected(JSON.parse(expected.toString()) as unknown),
  };
}

async function hashed(path: string, sha256: string): Promise<Buffer> {
  const bytes = await readFile(path);
  const actual = createHash("sha256").update(bytes).digest("hex");
  if (actual !== sha256) throw new Error(`sha256 of ${path} must be ${sha256}, got ${actual}`);
  return bytes;
}

function field(metadata: unknown, key: "input" | "output"): Signature["input"] {
  const columns = numberAt(metadata, key, "shape", 1);
  const name = textAt(metadata, key, "name");
  if (name === "" || columns === undefined || textAt(metadata, key, "type") !== "float32") {
    throw new Error(`metadata.json ${key} must be a named float32 [N, columns]`);
  }
  return { name, columns };
}

function readExpected(raw: unknown): Expected {
  const tolerance = numberAt(raw, "tolerance");
  const cases = listAt(raw, "cases").map((each) => ({
    input: listAt(each, "input").map(Number),
    output: listAt(each, "output").map(Number),
  }));
  const odd = cases.findIndex(({ input, output }) => input.length === 0 || output.length === 0);
  if (tolerance === undefined || cases.length === 0 || odd >= 0) {
    throw new Error("expected.json must hold a tolerance and cases, each with input and output");
  }
  return { tolerance, cases };
}
