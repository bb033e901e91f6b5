import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { EXIT, NinetyError } from "../model/error.ts";
import type { Progress } from "../ports/cluster.ts";

/** Longer than any first build; whoever waits longer waits for something that is stuck. */
const WAIT_AT_MOST_S = 30 * 60;
const TELL_EVERY_MS = 5_000;

export interface BuildLock {
  release(): Promise<void>;
}

/**
 * One builder to a cache at a time. The kernel holds the lock for a child that lives as long as its
 * stdin, which is ours: a builder that died in any way has no lock, so none can go stale. The file
 * says who holds it (pid and start time), for people. Waits at most 30 minutes, telling for whom.
 */
export async function takeBuildLock(
  lockPath: string,
  progress: Progress,
  signal: AbortSignal,
): Promise<BuildLock> {
  signal.throwIfAborted();
  mkdirSync(dirname(lockPath), { recursive: true });
  // `cat` ends with our end of the pipe, and the lock ends with `cat`.
  const wait = ["--no-fork", "--exclusive", "--wait", String(WAIT_AT_MOST_S)];
  const holder = spawn("flock", [...wait, lockPath, "sh", "-c", "echo held; exec cat"], {
    stdio: ["pipe", "pipe", "ignore"],
    detached: true,
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    holder.once("error", reject);
    holder.once("exit", (code) => resolve(code));
  });
  const held = new Promise<"held">((resolve) => {
    createInterface({ input: holder.stdout }).once("line", () => resolve("held"));
  });
  const startedMs = performance.now();
  const tell = setInterval(() => {
    const waitedS = Math.round((performance.now() - startedMs) / 1_000);
    progress({ what: `waiting ${waitedS} s for another build: ${ownerOf(lockPath)}` });
  }, TELL_EVERY_MS);
  const abort = (): void => void holder.kill("SIGKILL");
  signal.addEventListener("abort", abort, { once: true });
  try {
    const first = await Promise.race([held, ended]);
    signal.throwIfAborted();
    if (first !== "held") throw notTaken(lockPath, first);
  } catch (error) {
    holder.kill("SIGKILL");
    throw error instanceof Error && "code" in error && error.code === "ENOENT"
      ? new NinetyError("build lock: flock: must be installed, got none", {
          exit: EXIT.preflight,
          hint: "apt-get install util-linux",
        })
      : error;
  } finally {
    clearInterval(tell);
    signal.removeEventListener("abort", abort);
  }
  writeFileSync(lockPath, JSON.stringify({ pid: process.pid, since: new Date().toISOString() }));
  return {
    release: async () => {
      holder.stdin.end();
      await ended;
    },
  };
}

function notTaken(lockPath: string, code: number | null): NinetyError {
  return new NinetyError(
    `build lock: ${lockPath}: must be free within ${WAIT_AT_MOST_S} s, got exit ${code} of flock; ` +
      `held by ${ownerOf(lockPath)}`,
    { exit: EXIT.preflight, hint: "end that process, or set NINETY_CACHE to another folder" },
  );
}

/** Who wrote the lock file last, for people. */
function ownerOf(lockPath: string): string {
  try {
    const owner = JSON.parse(readFileSync(lockPath, "utf8")) as { pid: number; since: string };
    return `process ${owner.pid}, since ${owner.since}`;
  } catch {
    return "an unknown process";
  }
}
