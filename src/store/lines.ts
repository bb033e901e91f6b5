// Files of a record, read as streams, and what is wrong with their lines.
import { createReadStream, existsSync } from "node:fs";
import { join } from "node:path";
import { constants, createGunzip } from "node:zlib";
import { showBroken } from "./format.ts";
import type { Broken } from "./schema.ts";

const CHUNK_BYTES = 256 * 1_024;
const KINDS_MAX = 100;

export type Line = Readonly<Record<string, unknown>>;

interface LineOfFile {
  readonly file: string;
  /** The first is 1. */
  readonly number: number;
}

/** What is wrong with a record; of lines that are wrong in the same way the first one is told. */
export class Problems {
  readonly #kinds = new Map<string, { readonly text: string; lines: number }>();

  add(text: string): void {
    this.#note(text, text);
  }

  broken({ file, number }: LineOfFile, broken: Broken): void {
    const text = showBroken(`${file} line ${number}`, broken);
    this.#note(`${file} ${broken.path} ${broken.rule}`, text);
  }

  addAll(other: Problems): void {
    for (const [kind, { text, lines }] of other.#kinds) this.#note(kind, text, lines);
  }

  /** At most 100 of them, in an order that no order of lines changes. */
  list(): readonly string[] {
    const kinds = [...this.#kinds].sort(([a], [b]) => (a < b ? -1 : 1));
    return kinds.map(([, { text, lines }]) => {
      if (lines === 1) return text;
      return `${text} (and ${lines - 1} more ${lines === 2 ? "line" : "lines"})`;
    });
  }

  #note(kind: string, text: string, lines = 1): void {
    const known = this.#kinds.get(kind);
    if (known) known.lines += lines;
    else if (this.#kinds.size < KINDS_MAX) this.#kinds.set(kind, { text, lines });
  }
}

/**
 * Line by line, however long the file is; false: it is not there. Of gzip that was cut it throws,
 * or, where that is `wanted`, gives what there is.
 */
export async function eachLine(
  folder: string,
  file: string,
  of: {
    readonly problems: Problems;
    readonly each: (line: Line, at: LineOfFile) => void;
    readonly cut?: "wanted";
  },
): Promise<boolean> {
  const path = join(folder, file);
  if (!existsSync(path)) return false;
  let number = 0;
  const take = (text: string): void => {
    number += 1;
    if (text === "" || text === "\r") return;
    const at = { file, number };
    const line = parsed(text);
    if (isObject(line)) of.each(line, at);
    else of.problems.broken(at, { path: "", rule: "a JSON object", got: line });
  };
  let rest = "";
  for await (const text of textsOf(path, of.cut)) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) take(part);
  }
  take(rest);
  return true;
}

async function* textsOf(path: string, cut?: "wanted"): AsyncGenerator<string> {
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  if (!path.endsWith(".gz")) return yield* file.setEncoding("utf8") as AsyncIterable<string>;
  const finishFlush = cut === "wanted" ? constants.Z_SYNC_FLUSH : constants.Z_FINISH;
  const unzip = createGunzip({ finishFlush, chunkSize: CHUNK_BYTES });
  file.on("error", (error) => unzip.destroy(error));
  yield* file.pipe(unzip).setEncoding("utf8") as AsyncIterable<string>;
}

/** The text itself where it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function isObject(value: unknown): value is Line {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
