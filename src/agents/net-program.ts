import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import type { Target } from "../model/target.ts";
import { processesOf } from "./container-process.ts";
import { allProcesses } from "./processes.ts";

/** What the program can be asked to hold. */
type Task = "queue" | "proxy";

/** In the image of our programs; rules of the packet filter end with its process. */
const NET_EFFECTS = process.env["NINETY_NET_EFFECTS"] ?? "/bin/net-effects";
const READY_MS = 5_000;
const ASKED_MS = 1_000;
const ENDED_MS = 2_000;
const LOOK_MS = 10;
const TOLD_MAX_CHARS = 4_096;

/** Programs that were asked to end: any other end is not ours. */
const ending = new Set<number>();

/**
 * Starts a program in the pod's network namespace that holds an effect under that id, and resolves
 * once it is there. The kernel takes it back with that program: at its end, at that of this
 * process, and after SIGKILL to either. An end that nobody asked for ends this process too.
 */
export async function holdInNetwork(
  task: Task,
  {
    pod,
    id,
    config,
  }: { readonly pod: Target<"pod">; readonly id: string; readonly config: object },
): Promise<void> {
  const name = `network of pod ${pod.namespace}/${pod.name}`;
  if (!existsSync(NET_EFFECTS)) {
    throw new Error(`${name}: the agent's image must hold ${NET_EFFECTS}, got no such file`);
  }
  const pid = processIn(pod);
  const text = JSON.stringify({ id, pid, ...config });
  const program = spawn(NET_EFFECTS, [task, text], { stdio: ["pipe", "pipe", "pipe"] });
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

/** Any process of the pod: all its containers share its network. */
function processIn({ namespace, name, uid }: Target<"pod">): number {
  const [inside] = processesOf(allProcesses(), { uid, container: "" });
  if (inside !== undefined) return inside.pid;
  throw new Error(
    `network of pod ${namespace}/${name}: a container of it must run on this node, got no process of one`,
  );
}

/** Asks a service as a client in the pod would: changes nothing, and says a line an ask. */
export function askInNetwork(pod: Target<"pod">, ask: object): number {
  const config = JSON.stringify({ ...ask, pid: processIn(pod) });
  const { status, error } = spawnSync(NET_EFFECTS, ["ask", config], { stdio: "inherit" });
  if (error !== undefined) throw error;
  return status ?? 1;
}

/** By the id in its arguments: whoever started it may be gone. Idempotent. */
export async function endInNetwork(task: Task, id: string): Promise<void> {
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
