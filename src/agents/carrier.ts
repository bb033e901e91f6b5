import { spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import type { ChildAnswer } from "../model/agent-protocol.ts";
import type { Us } from "../model/quantity.ts";
import { appliedAtUs } from "./journal.ts";
import { lives, startOf } from "./process-identity.ts";

/** For every program of ours that runs on a node: they are many and small. */
export const SMALL_NODE = ["--disable-warning=ExperimentalWarning", "--max-old-space-size=32"];

const LOOK_MS = 50;
const LINE_MAX_CHARS = 65_536;

/** The child process that carries one effect, spawned by this holder or found alive. */
export interface Carrier {
  readonly pid: number;
  readonly start: string | null;
  /** The child's stamp of the effect; rejects when it could not apply it or ended before. */
  readonly applied: Promise<Us>;
  /** Whether it ended with the effect undone, as far as can be known. */
  readonly ended: Promise<{ readonly undone: boolean }>;
}

/** Starts a child that outlives this process, with the path of its journal entry. */
export function spawnCarrier(entryPath: string): Carrier {
  const child = spawn(
    process.execPath,
    [...SMALL_NODE, join(import.meta.dirname, "effect-child.ts"), entryPath],
    { detached: true, stdio: ["ignore", "pipe", "inherit"] },
  );
  child.unref();
  const applied = Promise.withResolvers<Us>();
  const ended = Promise.withResolvers<{ readonly undone: boolean }>();
  let buffer = "";
  // What it said counts: a SIGTERM may meet it when it is about to end.
  let undone = false;
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (chunk: string) => {
    const lines = (buffer + chunk).slice(-LINE_MAX_CHARS).split("\n");
    buffer = lines.pop() ?? "";
    for (const line of lines) {
      const answer = JSON.parse(line) as ChildAnswer;
      if (answer.did === "applied") applied.resolve(answer.stampUs);
      if (answer.did === "failed") applied.reject(new Error(answer.message));
      if (answer.did === "released" || (answer.did === "failed" && answer.undone)) undone = true;
    }
  });
  child.on("error", (error) => {
    applied.reject(error);
    ended.resolve({ undone: false });
  });
  child.on("close", (code, signal) => {
    const how = code === null ? `signal ${String(signal)}` : `code ${code}`;
    applied.reject(new Error(`the effect's process ended with ${how} before it applied anything`));
    if (code !== 0) endGroup(child.pid);
    ended.resolve({ undone: undone || code === 0 });
  });
  // Nobody may be waiting any more: the holder stops caring once it was asked to release.
  applied.promise.catch(() => {});
  const pid = child.pid ?? 0;
  return { pid, start: startOf(pid), applied: applied.promise, ended: ended.promise };
}

/**
 * A child that an earlier holder left behind: what it says goes to nobody. Its mark and its end are
 * looked for, its code is not known.
 */
export function adoptCarrier(pid: number, start: string | null, entryPath: string): Carrier {
  const watch = async (): Promise<{ readonly undone: boolean }> => {
    while (lives(pid, start)) await sleep(LOOK_MS);
    return { undone: false };
  };
  const apply = async (): Promise<Us> => {
    for (;;) {
      const lived = lives(pid, start);
      const stampUs = appliedAtUs(entryPath);
      if (stampUs !== null) return stampUs;
      if (!lived) throw new Error("the effect's process ended before it applied anything");
      await sleep(LOOK_MS);
    }
  };
  const applied = apply();
  applied.catch(() => {});
  return { pid, start, applied, ended: watch() };
}

/** Asks it to undo and end; after `withinMs` ends it and all it started, undone or not. */
export async function releaseCarrier(
  { pid, start, ended }: Carrier,
  withinMs: number,
): Promise<{ readonly undone: boolean }> {
  if (lives(pid, start)) process.kill(pid, "SIGTERM");
  const limit = new AbortController();
  const late = sleep(withinMs, null, { signal: limit.signal }).catch(() => null);
  const done = await Promise.race([ended, late]);
  limit.abort();
  if (done !== null) return done;
  if (lives(pid, start)) endGroup(pid);
  return ended;
}

/** The child leads a process group: what it runs must not go on while its effect is undone. */
function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // Nobody is left in it.
  }
}
