import { createHash } from "node:crypto";
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

import type { Json } from "../model/json.ts";
import { NothingDone } from "./effect-program.ts";
import { journalFolder, replaceFile } from "./journal.ts";

/** What an effect needs to put back what it changed. */
export interface Kept {
  /** Of the effect. */
  readonly id: string;
  /** The thing that is changed, such as a file of the kernel: one effect at a time has it. */
  readonly of: string;
  /** How it was. */
  readonly was: Json;
}

/** `<journal>/kept/<hash of the thing>.json`: a thing has one file, so that nobody takes it twice. */
const folder = (): string => join(journalFolder(), "kept");
const nameOf = (of: string): string =>
  `${createHash("sha256").update(of).digest("hex").slice(0, 32)}.json`;

/**
 * Call it before the change. Throws NothingDone where an effect has that thing already, under
 * whatever id. Not synced: with the machine the changed thing goes too.
 */
export function keep(kept: Kept): void {
  mkdirSync(folder(), { recursive: true });
  const path = join(folder(), nameOf(kept.of));
  const beside = `${path}.of-${process.pid}`;
  try {
    replaceFile(beside, JSON.stringify(kept), false);
    linkSync(beside, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    const by = readKept(path)?.id ?? "another";
    throw new NothingDone(`${kept.of} must be changed by one effect at a time, got ${by}`);
  } finally {
    rmSync(beside, { force: true });
  }
}

/** What is kept for that effect; none where nothing was changed, or all was put back. */
export function keptOf(id: string): readonly Kept[] {
  let names: readonly string[] = [];
  try {
    names = readdirSync(folder());
  } catch {
    return [];
  }
  return names
    .filter((name) => name.endsWith(".json"))
    .flatMap((name) => readKept(join(folder(), name)) ?? [])
    .filter((kept) => kept.id === id);
}

/** Once it is put back. */
export function forget({ of }: Kept): void {
  rmSync(join(folder(), nameOf(of)), { force: true });
}

function readKept(path: string): Kept | null {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Kept;
  } catch {
    return null;
  }
}
