import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { EXIT, messageOf, NinetyError } from "../../model/error.ts";
import { disableControllers, removeCgroup } from "./host/cgroup.ts";
import { readJournal, type Undo } from "./host/journal.ts";
import { liveStates, removeLink } from "./host/link.ts";
import { mountsBelow, unmount } from "./host/mount.ts";
import { restoreSysctl } from "./host/sysctl.ts";
import { statePaths } from "./layout.ts";
import { stateFolder } from "./state.ts";

/**
 * Takes an instance away from its journal alone, last change first: right after a normal life,
 * after a crash in the middle of `up`, and when called again. One failure keeps no other; what
 * could not be undone is thrown as one NinetyError (exit 5); the journal stays for the next try.
 */
export async function downInstance(cacheRoot: string, instance: string): Promise<void> {
  const state = stateFolder(cacheRoot, instance);
  const { journal } = statePaths(state);
  const failures: string[] = [];
  // Another instance may leave us a debt until our link is gone: so there is a second look.
  for (let done = 0, entries = readJournal(journal); done < entries.length;) {
    for (const entry of entries.slice(done).reverse()) {
      try {
        await undo(entry, state);
      } catch (error) {
        failures.push(messageOf(error));
      }
    }
    done = entries.length;
    entries = readJournal(journal);
  }
  const mounted = mountsBelow(state);
  if (mounted.length > 0) failures.push(`still mounted: ${mounted.join(", ")}`);
  if (failures.length > 0)
    throw new NinetyError(failures.join("\n"), {
      exit: EXIT.healFailed,
      hint: `ninety cluster down --instance ${instance}`,
    });
  removeState(state);
}

async function undo(entry: Undo, state: string): Promise<void> {
  switch (entry.undo) {
    case "cgroup":
      await removeCgroup(entry.paths);
      if (entry.enabled !== null) disableControllers(entry.enabled);
      return;
    case "mount":
      return unmount(entry.path);
    case "link":
      return removeLink(entry.namespacePath, entry.name);
    case "sysctl":
      return restoreSysctl(entry, async () =>
        (await liveStates("ninety"))
          .filter((other) => other !== state)
          .map((other) => statePaths(other).journal),
      );
  }
}

/** The journal goes last: until then the next attempt still knows everything. */
function removeState(state: string): void {
  if (!existsSync(state)) return;
  const { journal } = statePaths(state);
  for (const name of readdirSync(state))
    if (join(state, name) !== journal)
      rmSync(join(state, name), { recursive: true, force: true, maxRetries: 3 });
  rmSync(state, { recursive: true, force: true });
}
