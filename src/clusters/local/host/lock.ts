import { spawn } from "node:child_process";
import { once } from "node:events";
import { EXIT, NinetyError } from "../../../model/error.ts";
import { CLEAN_ENVIRONMENT } from "./command.ts";

/**
 * Holds an advisory lock on an existing file or folder while `act` runs; the kernel drops it when
 * this process ends, however it ends. Throws NinetyError (exit 4) when it is not got in time.
 */
export async function withLock<T>(
  path: string,
  withinSec: number,
  act: () => T | Promise<T>,
): Promise<T> {
  const argv = ["--timeout", `${withinSec}`, path, "sh", "-c", "echo held; exec cat"];
  const holder = spawn("flock", argv, {
    env: CLEAN_ENVIRONMENT,
    stdio: ["pipe", "pipe", "ignore"],
  });
  const ended = once(holder, "close");
  const first = (await Promise.race([once(holder.stdout, "data"), ended])) as unknown[];
  if (!Buffer.isBuffer(first[0]))
    throw new NinetyError(`lock was not got within ${withinSec} s: ${path}`, {
      exit: EXIT.preflight,
    });
  try {
    return await act();
  } finally {
    holder.stdin.end();
    await ended;
  }
}
