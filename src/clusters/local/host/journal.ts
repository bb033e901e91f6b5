import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import type { EnabledControllers } from "./cgroup.ts";

/** What takes back one change of the host; each is right however far the change had come. */
export type Undo =
  /** Kills every process in it and removes it with all below. One path a hierarchy. */
  | {
      readonly undo: "cgroup";
      readonly paths: readonly string[];
      readonly enabled: EnabledControllers | null;
    }
  /** Unmounts what is mounted at the path. */
  | { readonly undo: "mount"; readonly path: string }
  /** Deletes a link by its end inside a namespace of ours, so that it can only be ours. */
  | { readonly undo: "link"; readonly namespacePath: string; readonly name: string }
  /** Puts a sysctl back, unless it no longer has the value we gave it. */
  | {
      readonly undo: "sysctl";
      readonly path: string;
      readonly was: string;
      readonly set: string;
    };

/** Appends and syncs: on disk before the change is made. */
export function note(journalPath: string, entry: Undo): void {
  const file = openSync(journalPath, "a", 0o600);
  try {
    writeSync(file, `${JSON.stringify(entry)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** All entries, oldest first. A torn last line belongs to a change that was never made. */
export function readJournal(journalPath: string): Undo[] {
  if (!existsSync(journalPath)) return [];
  const lines = readFileSync(journalPath, "utf8").split("\n");
  return lines.slice(0, -1).map((line) => JSON.parse(line) as Undo);
}
