import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Effect } from "../../model/effect.ts";
import { numberAt, textAt } from "../../model/json.ts";
import { cgroupHere } from "../container.ts";
import { NothingDone, type Until } from "../effect-program.ts";
import { forget, keep, keptOf, type Kept } from "../kept.ts";

type ProcessesLimit = Extract<Effect, { kind: "processes-limit" }>;

const TIGHTEN_MS = 100;
let tightening: NodeJS.Timeout | null = null;

/**
 * The container's own cgroup may have as many tasks as there are now; what ends is not replaced,
 * as with processes that leak. A container that is started again has a cgroup without the limit.
 */
export async function apply(effect: ProcessesLimit, { id }: Until): Promise<void> {
  const { name, cgroup } = await cgroupHere(effect, "pids");
  const { folder } = cgroup;
  if (!existsSync(join(folder, "pids.max"))) {
    throw new NothingDone(`${name} must have a limit of processes to change, got none`);
  }
  const set = Number(textIn(folder, "pids.current"));
  const max = textIn(folder, "pids.max");
  if (max !== "max" && Number(max) <= set) {
    throw new NothingDone(`${name} must be able to start a process, got ${set} of ${max}`);
  }
  const was = { inode: statSync(folder).ino, max, set };
  keep({ id, of: join(folder, "pids.max"), was });
  writeFileSync(join(folder, "pids.max"), String(set));
  tightening = setInterval(() => tighten(folder), TIGHTEN_MS);
}

/** It has no end of its own. */
export async function extend(): Promise<void> {}

/** The limit that was there, in that very cgroup, unless somebody has raised ours since. */
export async function undo(_effect: ProcessesLimit, id: string): Promise<void> {
  if (tightening !== null) clearInterval(tightening);
  tightening = null;
  for (const kept of keptOf(id)) {
    putBack(kept);
    forget(kept);
  }
}

function putBack({ of, was }: Kept): void {
  const folder = of.slice(0, -"/pids.max".length);
  if (statSync(folder, { throwIfNoEntry: false })?.ino !== numberAt(was, "inode")) return;
  const now = textIn(folder, "pids.max");
  const isOurs = now !== "max" && Number(now) <= (numberAt(was, "set") ?? 0);
  if (isOurs) writeFileSync(of, textAt(was, "max"));
}

function tighten(folder: string): void {
  try {
    const now = Number(textIn(folder, "pids.current"));
    if (now < Number(textIn(folder, "pids.max"))) {
      writeFileSync(join(folder, "pids.max"), String(now));
    }
  } catch {
    // The cgroup has gone with its container.
  }
}

const textIn = (folder: string, file: string): string =>
  readFileSync(join(folder, file), "utf8").trim();
