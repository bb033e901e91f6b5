import { spawn } from "node:child_process";

/** Longest that switching a machine may take. */
export const SWITCH_MAX_MS = 25_000;
const TOLD_MAX_BYTES = 4_096;
const LAST_WORDS_MS = 200;

/**
 * Runs a program to its end. Rejects when it cannot start, ends with another code than 0, or takes
 * longer than `atMostMs` (it is then killed).
 */
export function runArgv(argv: readonly string[], atMostMs = SWITCH_MAX_MS): Promise<void> {
  const [program = "", ...rest] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, { stdio: ["ignore", "ignore", "pipe"] });
    const limit = setTimeout(() => child.kill("SIGKILL"), atMostMs);
    let told = "";
    child.stderr.setEncoding("utf8");
    child.stderr.on("data", (chunk: string) => {
      if (told.length < TOLD_MAX_BYTES) told += chunk;
    });
    child.on("error", (error) => {
      clearTimeout(limit);
      reject(error);
    });
    // Not "close" alone: what the program leaves running may keep its stderr open.
    child.on("exit", (code, signal) => {
      clearTimeout(limit);
      const end = (): void => {
        child.stderr.destroy();
        if (code === 0) return resolve();
        const ended = code === null ? `signal ${String(signal)}` : `code ${code}`;
        reject(new Error(`${argv.join(" ")}: must end with code 0, got ${ended}: ${told.trim()}`));
      };
      const atLast = setTimeout(end, LAST_WORDS_MS);
      child.on("close", () => {
        clearTimeout(atLast);
        end();
      });
    });
  });
}
