import { createHash } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { stableText } from "../model/json.ts";
import type { Layer } from "./oci.ts";
import { writeDigestedTar, type TarEntry } from "./tar.ts";

/** A layer as it will be written, from what lies on this machine. */
export interface LayerSource {
  /** Part of its file's name. */
  readonly name: string;
  readonly entries: readonly TarEntry[];
  /** Turns entries into those that are written; asked only when the layer is not cached. */
  readonly prepare?: (entries: readonly TarEntry[], folder: string) => Promise<readonly TarEntry[]>;
  /** Whatever else decides the content. */
  readonly also?: readonly string[];
}

/** Older ones are removed: each edit of a program makes a new layer. */
const KEEP = 3;
const WRITING_PREFIX = ".writing-";
const UNFINISHED_MS = 3_600_000;

/**
 * The layer in the cache, written there if it is not: `<cache>/layers/<name>-<digest>.tar`. A note
 * beside it remembers which inputs gave it (content of small files; size, time and inode of large
 * ones), so that a second call reads none of the large ones.
 */
export async function cachedLayer(
  cacheRoot: string,
  source: LayerSource,
  signal: AbortSignal,
): Promise<Layer> {
  const folder = join(cacheRoot, "layers");
  mkdirSync(folder, { recursive: true });
  const notePath = join(folder, `${source.name}-${inputsKey(source)}.json`);
  const known = noted(notePath);
  if (known !== null) return known;
  removeUnfinished(folder);
  const work = mkdtempSync(join(folder, WRITING_PREFIX));
  try {
    const entries = (await source.prepare?.(source.entries, work)) ?? source.entries;
    const beside = join(work, "layer.tar");
    const { hex, sizeBytes } = await writeDigestedTar(beside, entries, signal);
    const path = join(folder, `${source.name}-${hex.slice(0, 12)}.tar`);
    renameSync(beside, path);
    const layer: Layer = { path, hex, sizeBytes };
    writeFileSync(join(work, "note"), JSON.stringify(layer));
    renameSync(join(work, "note"), notePath);
    keepNewest(folder, new RegExp(`^${source.name}-[0-9a-f]+\\.tar$`), KEEP);
    keepNewest(folder, new RegExp(`^${source.name}-[0-9a-f]+\\.json$`), KEEP);
    return layer;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** What an interrupted call left; a call takes seconds, so an hour is long past its end. */
function removeUnfinished(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const atMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (!name.startsWith(WRITING_PREFIX) || Date.now() - atMs < UNFINISHED_MS) continue;
    rmSync(path, { recursive: true, force: true });
  }
}

/** Removes all but the newest files or folders that match. */
export function keepNewest(folder: string, pattern: RegExp, keep: number): void {
  const byAge = readdirSync(folder)
    .filter((name) => pattern.test(name))
    .map((name) => ({
      name,
      atMs: statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0,
    }))
    .sort((a, b) => b.atMs - a.atMs);
  for (const { name } of byAge.slice(keep))
    rmSync(join(folder, name), { recursive: true, force: true });
}

/** Now the newest: what is used is not removed. */
export function touch(path: string): void {
  const now = new Date();
  utimesSync(path, now, now);
}

function noted(notePath: string): Layer | null {
  let layer: Layer;
  try {
    layer = JSON.parse(readFileSync(notePath, "utf8")) as Layer;
  } catch {
    return null;
  }
  if (statSync(layer.path, { throwIfNoEntry: false })?.size !== layer.sizeBytes) return null;
  touch(layer.path);
  touch(notePath);
  return layer;
}

function inputsKey({ entries, also = [] }: LayerSource): string {
  const hash = createHash("sha256").update(stableText(also));
  for (const entry of entries) {
    if (entry.kind === "file") {
      hash
        .update(`file ${entry.path} ${entry.mode} ${entry.content.length}:`)
        .update(entry.content);
    } else if (entry.kind === "copy") {
      const { dev, ino, size, mtimeMs } = statSync(entry.from);
      hash.update(`copy ${entry.path} ${entry.mode} ${dev} ${ino} ${size} ${mtimeMs}\n`);
    } else {
      hash.update(`${stableText(entry)}\n`);
    }
  }
  return hash.digest("hex").slice(0, 12);
}
