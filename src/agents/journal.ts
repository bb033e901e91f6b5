import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";

import type { JournalEntry } from "../model/agent-protocol.ts";
import type { Us } from "../model/quantity.ts";
import { ENDED_MAX } from "./lease.ts";

/** On the node; NINETY_JOURNAL moves it. */
export const journalFolder = (): string =>
  process.env["NINETY_JOURNAL"] ?? "/var/lib/ninety/effects";

/** Writes beside and renames: a reader sees the old file or the new one. */
export function replaceFile(path: string, text: string, synced: boolean): void {
  const beside = `${path}.new-${process.pid}`;
  const file = openSync(beside, "w", 0o644);
  try {
    writeFileSync(file, text);
    if (synced) fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(beside, path);
  if (synced) syncFolder(dirname(path));
}

function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** The entry, or null when there is none or it cannot be read. */
export function readEntry(path: string): JournalEntry | null {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as JournalEntry;
  } catch {
    return null;
  }
}

/** Whether there is an entry at all, readable or not. */
export function entryExists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Says beside the entry when the effect was there: its next holder has not heard it. */
export function markApplied(path: string, stampUs: Us): void {
  replaceFile(markOf(path), String(stampUs), false);
}

/** Null: not yet there, as far as was said. */
export function appliedAtUs(path: string): Us | null {
  try {
    return Number(readFileSync(markOf(path), "utf8"));
  } catch {
    return null;
  }
}

export function removeEntry(path: string): void {
  rmSync(path, { force: true });
  rmSync(markOf(path), { force: true });
}

const APPLIED = ".applied";
const markOf = (path: string): string => `${path}${APPLIED}`;

/**
 * `<folder>/<id>.json`: the effects that may be there now, each written before it is applied;
 * `<folder>/ended/<id>`: empty files, the ids that must not come back, at most ENDED_MAX.
 * Synchronous, so that what is on disk is never older than what was answered.
 */
export class Journal {
  readonly #folder: string;
  readonly #ended: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.#ended = join(folder, "ended");
    mkdirSync(this.#ended, { recursive: true });
  }

  pathOf(id: string): string {
    return join(this.#folder, `${encodeURIComponent(id)}.json`);
  }

  /** A renewal need not be synced: losing it shortens the lease, which is the safe side. */
  write(entry: JournalEntry, synced: boolean): void {
    replaceFile(this.pathOf(entry.held.id), JSON.stringify(entry), synced);
  }

  remove(id: string): void {
    removeEntry(this.pathOf(id));
  }

  /** All entries; what cannot be read is set aside under a name that says so, and told. */
  entries(tell: (message: string) => void): readonly JournalEntry[] {
    const found: JournalEntry[] = [];
    for (const name of readdirSync(this.#folder)) {
      const path = join(this.#folder, name);
      if (name.includes(".json.new-")) rmSync(path, { force: true });
      if (name.endsWith(APPLIED) && !entryExists(path.slice(0, -APPLIED.length))) {
        rmSync(path, { force: true });
      }
      if (!name.endsWith(".json")) continue;
      const entry = readEntry(path);
      if (typeof entry?.held?.effect?.kind === "string") found.push(entry);
      else {
        renameSync(path, `${path}.unreadable`);
        tell(`journal: ${path}: cannot be read, set aside; the effect's own end time ends it`);
      }
    }
    return found;
  }

  markEnded(id: string): void {
    writeFileSync(join(this.#ended, encodeURIComponent(id)), "");
  }

  forgetEnded(id: string): void {
    rmSync(join(this.#ended, encodeURIComponent(id)), { force: true });
  }

  /** Oldest first; forgets the oldest past ENDED_MAX. */
  ended(): readonly string[] {
    const marks = readdirSync(this.#ended)
      .map((name) => ({ name, atMs: statSync(join(this.#ended, name)).mtimeMs }))
      .sort((a, b) => a.atMs - b.atMs)
      .map(({ name }) => decodeURIComponent(name));
    for (const id of marks.slice(0, -ENDED_MAX)) this.forgetEnded(id);
    return marks.slice(-ENDED_MAX);
  }
}
