import { readFileSync } from "node:fs";

import type { Effect } from "../../model/effect.ts";
import { messageOf } from "../../model/error.ts";
import { listAt, numberAt, textAt } from "../../model/json.ts";
import { containerHere, type ContainerOf } from "../container.ts";
import { NothingDone, type Until } from "../effect-program.ts";
import { forget, keep, keptOf, type Kept } from "../kept.ts";
import { lives, startOf } from "../process-identity.ts";
import { endProgram, holdProgram, needProgram, toldBy } from "../program.ts";

type FilesLimit = Extract<Effect, { kind: "files-limit" }>;

const RESTORE_MAX_MS = 2_000;

/** A process, and how many files it may have open. */
type Limited = { readonly pid: number; readonly start: string; readonly soft: number };

/**
 * The soft limit of each process comes down to the files that it has open, and follows when it
 * closes some, as with files that leak. Processes that are started later inherit what is there.
 */
export async function apply(effect: FilesLimit, { id }: Until): Promise<void> {
  const { name, main, pids } = containerHere(effect);
  needProgram(name);
  const processes = pids.flatMap(limitedOf);
  const soft = processes.find(({ pid }) => pid === main)?.soft;
  if (soft === undefined) throw new NothingDone(`${name} must run, got a process that has ended`);
  refuseIfNotAllowed(name, processes);
  const start = startOf(main) ?? "";
  keep({
    id,
    of: `open files of process ${main} from ${start}`,
    was: { main, start, soft, processes },
  });
  await holdProgram("files", { name: `open files of ${name}`, id, config: { processes } });
}

/** It has no end of its own. */
export async function extend(): Promise<void> {}

/** Each gets back what it had, and who was started since what the first process had. */
export async function undo(effect: FilesLimit, id: string): Promise<void> {
  await endProgram("files", id);
  for (const kept of keptOf(id)) {
    toldBy("files", { id: "", restore: true, ...madeOf(kept, effect) }, RESTORE_MAX_MS);
    forget(kept);
  }
}

/** Puts back what was not changed yet: whoever may not do that could never undo. */
function refuseIfNotAllowed(name: string, processes: readonly Limited[]): void {
  try {
    toldBy("files", { id: "", restore: true, processes }, RESTORE_MAX_MS);
  } catch (error) {
    throw new NothingDone(
      `open files of ${name} must be the agent's to limit: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
}

function madeOf(
  { was }: Kept,
  effect: ContainerOf,
): { readonly processes: readonly Limited[]; readonly heirs: readonly Limited[] } {
  const processes = listAt(was, "processes").map((one) => ({
    pid: numberAt(one, "pid") ?? 0,
    start: textAt(one, "start"),
    soft: numberAt(one, "soft") ?? 0,
  }));
  const known = new Set(processes.map(({ pid, start }) => `${pid} ${start}`));
  // Of a container that was started again nobody has inherited anything.
  const isSame = lives(numberAt(was, "main") ?? 0, textAt(was, "start"));
  const heirs = (isSame ? pidsNow(effect) : [])
    .flatMap(limitedOf)
    .filter(({ pid, start }) => !known.has(`${pid} ${start}`))
    .map((one) => ({ ...one, soft: numberAt(was, "soft") ?? one.soft }));
  return { processes, heirs };
}

function pidsNow(effect: ContainerOf): readonly number[] {
  try {
    return containerHere(effect).pids;
  } catch (error) {
    if (error instanceof NothingDone) return [];
    throw error;
  }
}

/** What the kernel tells of it now; none where it has ended. */
function limitedOf(pid: number): readonly Limited[] {
  const start = startOf(pid);
  try {
    const limits = readFileSync(`/proc/${pid}/limits`, "utf8");
    const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
    return start === null || soft === undefined ? [] : [{ pid, start, soft: Number(soft) }];
  } catch {
    return [];
  }
}
