import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** What the program can be asked to hold. */
export type Task = "queue" | "proxy" | "connections" | "dns" | "fill" | "files" | "hold";

/** In the image of our programs; what it holds ends with its process. */
const NET_EFFECTS = process.env["NINETY_NET_EFFECTS"] ?? "/bin/net-effects";
const READY_MS = 5_000;
const ASKED_MS = 1_000;
const ENDED_MS = 2_000;
const LOOK_MS = 10;
const TOLD_MAX_CHARS = 4_096;

/** Programs that were asked to end: any other end is not ours. */
const ending = new Set<number>();

/** Throws where the agent's image does not hold the program. */
export function needProgram(name: string): void {
  if (existsSync(NET_EFFECTS)) return;
  throw new Error(`${name}: the agent's image must hold ${NET_EFFECTS}, got no such file`);
}

/**
 * Starts a program that holds an effect under that id, and resolves once it is there. It ends with
 * this process, SIGKILL included. An end that nobody asked for ends this process too. `name` is
 * what it is held on, for people.
 */
export async function holdProgram(
  task: Task,
  { name, id, config }: { readonly name: string; readonly id: string; readonly config: object },
): Promise<void> {
  needProgram(name);
  const program = spawn(NET_EFFECTS, [task, JSON.stringify({ id, ...config })], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  try {
    await ready(program);
  } catch (error) {
    program.kill("SIGKILL");
    throw new Error(`${name}: ${String(error)}`, { cause: error });
  }
  program.once("exit", (code, signal) => {
    if (ending.has(program.pid ?? 0)) return;
    // The effect is gone: this process ends with it, and whoever holds it is told so.
    throw new Error(`${name}: ${NET_EFFECTS} must live, got ${signal ?? `code ${code}`}`);
  });
}

/** Runs it to its end, which its task bounds; its lines are this process's. Gives its code. */
export function runProgram(task: "ask", config: object): number {
  const argv = [task, JSON.stringify(config)];
  const { status, error } = spawnSync(NET_EFFECTS, argv, { stdio: "inherit" });
  if (error !== undefined) throw error;
  return status ?? 1;
}

/** Runs it to its end; gives what it said. Throws what it said of why it could not. */
export function toldBy(task: "try" | "files", config: object, withinMs: number): string {
  const { status, error, stdout, stderr } = spawnSync(NET_EFFECTS, [task, JSON.stringify(config)], {
    timeout: withinMs,
    killSignal: "SIGKILL",
    encoding: "utf8",
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(stderr.trim() || `${NET_EFFECTS} ${task}: got code ${status}`);
  return stdout;
}

/** By the id in its arguments: whoever started it may be gone. Idempotent. */
export async function endProgram(task: Task, id: string): Promise<void> {
  const startedMs = performance.now();
  for (;;) {
    const left = programsOf(task, id);
    if (left.length === 0) return;
    const tookMs = performance.now() - startedMs;
    if (tookMs > ENDED_MS) {
      throw new Error(
        `effect ${id}: ${NET_EFFECTS} must end in ${ENDED_MS} ms, got ${left.join(", ")}`,
      );
    }
    for (const pid of left) end(pid, tookMs > ASKED_MS ? "SIGKILL" : "SIGTERM");
    await sleep(LOOK_MS);
  }
}

/** Resolves with its first line, which it says once the rules are in place. */
function ready(program: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let told = "";
    const limit = setTimeout(() => reject(new Error(`not ready in ${READY_MS} ms`)), READY_MS);
    const settle = (error: Error | null): void => {
      clearTimeout(limit);
      if (error === null) resolve();
      else reject(error);
    };
    program.stdout?.once("data", () => settle(null));
    program.stdout?.resume();
    program.stderr?.setEncoding("utf8").on("data", (text: string) => {
      if (told.length < TOLD_MAX_CHARS) told += text;
    });
    program.stdin?.on("error", () => {});
    program.once("error", settle);
    program.once("close", (code) => settle(new Error(told.trim() || `ended with code ${code}`)));
  });
}

function programsOf(task: Task, id: string): readonly number[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const [program = "", does, config = ""] = readFileSync(`/proc/${name}/cmdline`, "utf8").split(
        "\0",
      );
      const isIt =
        program === NET_EFFECTS &&
        does === task &&
        config.startsWith(JSON.stringify({ id }).slice(0, -1));
      return isIt ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

function end(pid: number, signal: "SIGTERM" | "SIGKILL"): void {
  ending.add(pid);
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
