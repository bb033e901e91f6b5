import { spawn, type ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const WITHIN_MS = 15_000;

/** Our programs as they run in a container: the pinned Node on the sources. */
export function startProgram(
  file: string,
  { args = [], env = {} }: { readonly args?: readonly string[]; readonly env?: object },
): ChildProcess {
  const argv = ["--disable-warning=ExperimentalWarning", file, ...args];
  return spawn(process.execPath, argv, {
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
}

/** Polls until it is so. */
export async function until(what: string, is: () => boolean | Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + WITHIN_MS;
  while (!(await is())) {
    if (performance.now() > untilMs) throw new Error(`never: ${what}`);
    await sleep(10);
  }
}

/** Living processes whose command line holds all the words. */
export function processesWith(...words: readonly string[]): readonly number[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const argv = readFileSync(`/proc/${name}/cmdline`, "utf8");
      return words.every((word) => argv.includes(word)) ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

/** kill -9, all at once, and waits until they are gone. */
export async function endAll(pids: readonly number[]): Promise<void> {
  if (pids.length === 0) throw new Error("no process to end was found");
  const command = (pid: number): string => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8");
    } catch {
      return "";
    }
  };
  for (const pid of pids) process.kill(pid, "SIGKILL");
  await until("the processes are gone", () => pids.every((pid) => command(pid) === ""));
}

/** Stops the processes; what it resolves with lets them go on. */
export async function freezeAll(pids: readonly number[]): Promise<() => void> {
  if (pids.length === 0) throw new Error("no process to freeze was found");
  for (const pid of pids) process.kill(pid, "SIGSTOP");
  const state = (pid: number): string => readFileSync(`/proc/${pid}/status`, "utf8");
  await until("the processes are frozen", () =>
    pids.every((pid) => state(pid).includes("State:\tT")),
  );
  return () => {
    for (const pid of pids) process.kill(pid, "SIGCONT");
  };
}

export function exited(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once("exit", (code) => resolve(code)));
}
