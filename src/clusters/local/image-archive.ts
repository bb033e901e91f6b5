import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, stat, type FileHandle } from "node:fs/promises";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { EXIT, messageOf, NinetyError } from "../../model/error.ts";
import { at, listAt, textAt } from "../../model/json.ts";
import type { LocalImage } from "./materials.ts";

const ARCHIVES_MAX = 20;
const ARCHIVE_MAX_BYTES = 16 * 2 ** 30;
const ENTRIES_MAX = 20_000;
const INDEX_MAX_BYTES = 2 ** 20;
const BLOCK = 512;
const HOW =
  "docker save name:tag -o image.tar, or: docker buildx build --output type=oci,name=name:tag,dest=image.tar";

/**
 * Images of a user's own, from archives as `docker save` or an OCI exporter writes them: paths from
 * the working folder on, or file URLs. Throws NinetyError (exit 4) with every problem at once.
 */
export async function userImages(
  archives: readonly string[],
  signal: AbortSignal,
): Promise<readonly LocalImage[]> {
  if (archives.length > ARCHIVES_MAX) {
    throw refused([`cluster.images must be at most ${ARCHIVES_MAX}, got ${archives.length}`]);
  }
  const read = await Promise.allSettled(archives.map((one) => imagesIn(pathOf(one), signal)));
  signal.throwIfAborted();
  const problems = read.flatMap((one, nth) =>
    one.status === "rejected" ? [`image archive ${archives[nth]}: ${messageOf(one.reason)}`] : [],
  );
  if (problems.length > 0) throw refused(problems);
  const images = read.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
  const named = images.map(({ reference }) => reference);
  const twice = named.find((reference, nth) => named.indexOf(reference) !== nth);
  if (twice !== undefined)
    throw refused([`cluster.images must name each image once, got ${twice}`]);
  return images;
}

function refused(problems: readonly string[]): NinetyError {
  return new NinetyError(problems.join("\n"), { exit: EXIT.preflight, hint: HOW });
}

function pathOf(archive: string): string {
  return archive.startsWith("file:") ? fileURLToPath(archive) : resolve(archive);
}

async function imagesIn(path: string, signal: AbortSignal): Promise<readonly LocalImage[]> {
  const found = await stat(path).catch(() => null);
  if (!found?.isFile()) throw new Error("must be a file that is there");
  if (found.size > ARCHIVE_MAX_BYTES) {
    throw new Error(`must be at most ${ARCHIVE_MAX_BYTES} bytes, got ${found.size}`);
  }
  const references = referencesOf(await indexFiles(path));
  const contentKey = await digestOf(path, signal);
  return references.map((reference) => ({
    short: reference,
    reference,
    fullArchivePath: path,
    thinArchivePath: null,
    baseKey: contentKey,
    contentKey,
  }));
}

async function digestOf(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path, { signal, highWaterMark: 2 ** 20 })) {
    hash.update(piece as Buffer);
  }
  return hash.digest("hex");
}

/** The names under which containerd will know the images. Throws where one has none. */
export function referencesOf(files: Readonly<Record<string, string>>): readonly string[] {
  const index = files["index.json"];
  const docker = files["manifest.json"];
  if (index === undefined && docker === undefined) {
    throw new Error("must hold index.json or manifest.json at its top, got neither");
  }
  // As containerd chooses: an OCI layout first.
  const names =
    index === undefined
      ? listAt(jsonIn("manifest.json", docker)).flatMap((one) => listAt(one, "RepoTags"))
      : listAt(jsonIn("index.json", index), "manifests").map((one) =>
          textAt(at(one, "annotations"), "io.containerd.image.name"),
        );
  const references = names.filter((name): name is string => typeof name === "string");
  if (references.length === 0 || references.includes("")) {
    throw new Error(
      "must name each of its images in full (io.containerd.image.name or RepoTags), got none",
    );
  }
  return [...new Set(references)];
}

function jsonIn(name: string, content = ""): unknown {
  try {
    return JSON.parse(content);
  } catch (error) {
    throw new Error(`must hold JSON in ${name}, got ${messageOf(error)}`, { cause: error });
  }
}

/** The two files that say what is in an archive, by name; the rest is passed over unread. */
async function indexFiles(path: string): Promise<Readonly<Record<string, string>>> {
  const file = await open(path, "r");
  try {
    const found: Record<string, string> = {};
    const header = Buffer.alloc(BLOCK);
    let from = 0;
    for (let nth = 0; nth < ENTRIES_MAX; nth += 1) {
      const { bytesRead } = await file.read(header, 0, BLOCK, from);
      if (bytesRead < BLOCK || header.every((byte) => byte === 0)) return found;
      const { name, sizeBytes } = entryOf(header);
      if (name === "index.json" || name === "manifest.json") {
        found[name] = await textIn(file, { name, from: from + BLOCK, sizeBytes });
      }
      from += BLOCK + Math.ceil(sizeBytes / BLOCK) * BLOCK;
    }
    throw new Error(`must have at most ${ENTRIES_MAX} entries, got more`);
  } finally {
    await file.close();
  }
}

function entryOf(header: Buffer): { readonly name: string; readonly sizeBytes: number } {
  if (header.toString("latin1", 257, 262) !== "ustar") {
    throw new Error("must be a tar archive without compression, got something else");
  }
  const text = (from: number, to: number): string =>
    header.toString("utf8", from, to).replace(/\0.*$/s, "");
  // Sizes of 8 GiB and more are written in base 256.
  const big = ((header[124] ?? 0) & 0x80) !== 0;
  const sizeBytes = big
    ? Number(header.readBigUInt64BE(128))
    : Number.parseInt(text(124, 136).trim() || "0", 8);
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) {
    throw new Error("must be a tar archive, got an entry without a size");
  }
  return { name: text(0, 100).replace(/^\.\//, ""), sizeBytes };
}

async function textIn(
  file: FileHandle,
  of: { readonly name: string; readonly from: number; readonly sizeBytes: number },
): Promise<string> {
  if (of.sizeBytes > INDEX_MAX_BYTES) {
    throw new Error(`${of.name} must be at most ${INDEX_MAX_BYTES} bytes, got ${of.sizeBytes}`);
  }
  const content = Buffer.alloc(of.sizeBytes);
  const { bytesRead } = await file.read(content, 0, of.sizeBytes, of.from);
  if (bytesRead < of.sizeBytes) throw new Error(`must be whole, ${of.name} is cut`);
  return content.toString("utf8");
}
