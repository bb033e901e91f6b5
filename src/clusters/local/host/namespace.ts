import { closeSync, openSync } from "node:fs";
import { note } from "./journal.ts";
import { inNamespace, run } from "./command.ts";
import { unmount } from "./mount.ts";

/** To be called before `makeNamespace`: its undo is the same for every incarnation of the file. */
export function noteNamespace(journalPath: string, path: string): void {
  note(journalPath, { undo: "mount", path });
}

/**
 * A new network namespace, kept alive by a mount on `path` and not by a name below /run/netns: two
 * instances cannot meet, and whoever removes the mount removes the namespace. An older one at the
 * same path is let go first.
 */
export async function makeNamespace(path: string): Promise<void> {
  await unmount(path);
  closeSync(openSync(path, "a", 0o600));
  await run(["unshare", `--net=${path}`, "true"]);
}

/** Runs `ip -batch` lines inside a namespace; stops at the first that fails. */
export async function configure(namespacePath: string, lines: readonly string[]): Promise<void> {
  await run(inNamespace(namespacePath, ["ip", "-batch", "-"]), { input: `${lines.join("\n")}\n` });
}
