import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { note } from "./journal.ts";
import { withLock } from "./lock.ts";

const LOCK_WITHIN_SEC = 10;

/**
 * Raises a number that is not namespaced. Instances share it, so its undo is a debt that one of
 * them carries: see `restoreSysctl`.
 */
export async function raiseSysctl(journalPath: string, path: string, least: number): Promise<void> {
  await withLock(path, LOCK_WITHIN_SEC, () => {
    const was = readFileSync(path, "utf8").trim();
    if (Number(was) >= least) return;
    note(journalPath, { undo: "sysctl", path, was, set: `${least}` });
    writeFileSync(path, `${least}`);
  });
}

/**
 * Puts the number back, unless someone else has changed it since. While another instance lives it
 * still needs the number: then the debt moves into its journal, and the last to go pays.
 */
export async function restoreSysctl(
  entry: { readonly path: string; readonly was: string; readonly set: string },
  otherJournals: () => Promise<readonly string[]>,
): Promise<void> {
  const { path, was, set } = entry;
  // The lock is machine-wide, on the very file that is changed.
  await withLock(path, LOCK_WITHIN_SEC, async () => {
    const others = await otherJournals();
    if (readFileSync(path, "utf8").trim() !== set) return;
    const heir = others.find((journal) => existsSync(journal));
    if (heir === undefined) writeFileSync(path, was);
    else note(heir, { undo: "sysctl", path, was, set });
  });
}
