import { readFileSync, readdirSync } from "node:fs";

import type { ProcessFacts } from "./container-process.ts";

/**
 * Every process that /proc shows, or those wanted, by number: the older ones first as a rule. What
 * ends meanwhile is not there.
 */
export function allProcesses(
  isWanted: (pid: number) => boolean = () => true,
): readonly ProcessFacts[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter(isWanted)
    .sort((a, b) => a - b)
    .flatMap((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, "utf8");
        const mounts = readFileSync(`/proc/${pid}/mountinfo`, "utf8");
        return [{ pid, status, mounts }];
      } catch {
        return [];
      }
    });
}

/** One letter, `T` for stopped, as /proc tells it; null: there is no such process any more. */
export function stateOf(pid: number): string | null {
  try {
    return /^State:\s*(\S)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? null;
  } catch {
    return null;
  }
}
