import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";

/** One entry of an archive: its bytes are a function of this and of the content alone. */
export type TarEntry =
  | { readonly kind: "folder"; readonly path: string; readonly mode: number }
  | {
      readonly kind: "file";
      readonly path: string;
      readonly mode: number;
      readonly content: Buffer;
    }
  /** A file whose content is read from `from` when the archive is written. */
  | { readonly kind: "copy"; readonly path: string; readonly mode: number; readonly from: string }
  | { readonly kind: "link"; readonly path: string; readonly to: string };

const BLOCK = 512;
const TYPE_FLAG = { folder: "5", file: "0", copy: "0", link: "2" } as const;

/** One buffer for all copies: large enough that the calls do not count. */
const COPY_BYTES = 4 * 2 ** 20;

/**
 * Writes an uncompressed ustar archive in the given order: owner 0:0, time 0, so that the same
 * entries are the same bytes. `each` is shown every piece that is written, in order, and must not
 * keep it. Throws on a path that is too long or a file that changes meanwhile.
 */
export async function writeTar(
  archivePath: string,
  entries: readonly TarEntry[],
  signal: AbortSignal,
  each: (piece: Buffer) => void = () => {},
): Promise<void> {
  const archive = await open(archivePath, "w");
  try {
    for await (const piece of pieces(entries)) {
      signal.throwIfAborted();
      each(piece);
      await writeWhole(archive, piece);
    }
  } finally {
    await archive.close();
  }
}

/** Writes an archive and answers its SHA-256, hexadecimal, and its size. */
export async function writeDigestedTar(
  archivePath: string,
  entries: readonly TarEntry[],
  signal: AbortSignal,
): Promise<{ readonly hex: string; readonly sizeBytes: number }> {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  await writeTar(archivePath, entries, signal, (piece) => {
    hash.update(piece);
    sizeBytes += piece.length;
  });
  return { hex: hash.digest("hex"), sizeBytes };
}

async function writeWhole(file: FileHandle, piece: Buffer): Promise<void> {
  for (let at = 0; at < piece.length;) at += (await file.write(piece, at)).bytesWritten;
}

async function* pieces(entries: readonly TarEntry[]): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafe(COPY_BYTES);
  for (const entry of entries) {
    const sizeBytes = sizeOf(entry);
    yield header(entry, sizeBytes);
    if (entry.kind === "file") yield entry.content;
    if (entry.kind === "copy") yield* contentOf(entry.from, sizeBytes, buffer);
    yield Buffer.alloc((BLOCK - (sizeBytes % BLOCK)) % BLOCK);
  }
  yield Buffer.alloc(2 * BLOCK);
}

async function* contentOf(path: string, sizeBytes: number, buffer: Buffer): AsyncGenerator<Buffer> {
  const file = await open(path, "r");
  try {
    let seen = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length);
      if (bytesRead === 0) break;
      seen += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
    if (seen !== sizeBytes) throw new Error(`${path} changed while it was archived`);
  } finally {
    await file.close();
  }
}

function sizeOf(entry: TarEntry): number {
  if (entry.kind === "file") return entry.content.length;
  return entry.kind === "copy" ? statSync(entry.from).size : 0;
}

/** A ustar header. */
export function header(entry: TarEntry, sizeBytes: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const path = entry.kind === "folder" ? `${entry.path}/` : entry.path;
  const { name, prefix } = split(path);
  const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, "0");
  block.write(name, 0);
  block.write(`${octal(entry.kind === "link" ? 0o777 : entry.mode, 7)}\0`, 100);
  block.write(`${octal(0, 7)}\0${octal(0, 7)}\0`, 108);
  block.write(`${octal(sizeBytes, 11)}\0${octal(0, 11)}\0`, 124);
  // The checksum is taken with blanks in its own place.
  block.write(" ".repeat(8), 148);
  block.write(TYPE_FLAG[entry.kind], 156);
  if (entry.kind === "link") block.write(fitting(entry.to, 100), 157);
  block.write("ustar\x0000", 257);
  block.write(prefix, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148);
  return block;
}

/** A path of up to 255 bytes in the two fields that ustar has, parted at a slash. */
function split(path: string): { readonly name: string; readonly prefix: string } {
  if (Buffer.byteLength(path) <= 100) return { name: path, prefix: "" };
  for (let at = path.indexOf("/"); at > 0; at = path.indexOf("/", at + 1)) {
    const name = path.slice(at + 1);
    if (name !== "" && Buffer.byteLength(name) <= 100) {
      return { name, prefix: fitting(path.slice(0, at), 155) };
    }
  }
  throw new Error(`${path} is too long for an archive`);
}

function fitting(text: string, most: number): string {
  if (Buffer.byteLength(text) <= most) return text;
  throw new Error(`${text} is too long for an archive`);
}
