import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, test } from "vitest";

import { allProcesses } from "../../src/agents/processes.ts";
import { lives, startOf } from "../../src/agents/process-identity.ts";
import { runArgv } from "../../src/agents/run-argv.ts";

describe("a process by pid and start", () => {
  test("lives until it has ended, and is no other process", async () => {
    const child = spawn("/bin/cat", { stdio: ["pipe", "ignore", "ignore"] });
    const pid = child.pid ?? 0;
    const start = startOf(pid);
    expect(start).toMatch(/^\d+$/);
    expect(lives(pid, start)).toBe(true);
    expect(lives(pid, `${start}0`)).toBe(false);
    expect(lives(pid, null)).toBe(false);
    const ended = once(child, "exit");
    child.stdin.end();
    await ended;
    expect(startOf(pid)).toBe(null);
    expect(lives(pid, start)).toBe(false);
  });
});

test("processes come by number: 9 before 10, and so the old ones before those just begun", () => {
  const pids = allProcesses().map(({ pid }) => pid);
  expect(pids).toContain(process.pid);
  expect(pids).toEqual(pids.toSorted((a, b) => a - b));
  // Of at least two lengths, or it would have been no test.
  expect(new Set(pids.map((pid) => String(pid).length)).size).toBeGreaterThan(1);
});

describe("runArgv", () => {
  test("resolves when the program ends well, whatever it leaves running", async () => {
    const fromMs = performance.now();
    // The background process keeps stderr open for longer than the limit.
    await runArgv(["/bin/sh", "-c", "sleep 2 & exit 0"], 1_500);
    expect(performance.now() - fromMs).toBeLessThan(1_500);
  });

  test("rejects with code and last words", async () => {
    await expect(runArgv(["/bin/sh", "-c", "echo no such link >&2; exit 3"])).rejects.toThrow(
      /must end with code 0, got code 3: no such link$/,
    );
  });

  test("ends a program that takes too long", async () => {
    await expect(runArgv(["/bin/sleep", "60"], 20)).rejects.toThrow("got signal SIGKILL");
  });

  test("rejects when there is no such program", async () => {
    await expect(runArgv(["/nowhere/program"])).rejects.toThrow("ENOENT");
  });
});
