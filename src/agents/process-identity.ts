import { readFileSync } from "node:fs";

/**
 * When the process started, in clock ticks since boot, as /proc tells it; null when there is no
 * such process or it has ended and only its parent has not noticed.
 */
export function startOf(pid: number): string | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return null;
  }
  // The command in parentheses may hold blanks and parentheses of its own.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" || fields[0] === "X" ? null : (fields[19] ?? null);
}

/** Whether that very process still lives. */
export const lives = (pid: number, start: string | null): boolean =>
  start !== null && startOf(pid) === start;
