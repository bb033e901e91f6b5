import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";

/** Everything below a folder that is no folder, relative, sorted by bytes. */
export function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** SHA-256, hexadecimal, over the texts and over path and content of every file of the folder. */
export function contentHash(folder: string, texts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(`${Buffer.byteLength(text)}:${text}`);
  for (const path of filesBelow(folder)) {
    const content = readFileSync(join(folder, path));
    hash.update(`${path}:${content.length}:`).update(content);
  }
  return hash.digest("hex");
}
