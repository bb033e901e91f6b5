import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import type { Effect } from "../../model/effect.ts";
import { processesOf } from "../container-process.ts";
import type { Until } from "../effect-program.ts";
import { nodeAddresses } from "../node-addresses.ts";
import { allProcesses } from "../processes.ts";

type NetShape = Extract<Effect, { kind: "net-shape" }>;

/** In the image of our programs; rules of the packet filter end with its process. */
const PROGRAM = process.env["NINETY_NET_EFFECTS"] ?? "/bin/net-effects";
const READY_MS = 5_000;
const ASKED_MS = 1_000;
const ENDED_MS = 2_000;
const LOOK_MS = 10;
const TOLD_MAX_CHARS = 4_096;

/** Programs that were asked to end: any other end is not ours. */
const ending = new Set<number>();

/**
 * A program in the pod's network namespace holds it, and the kernel takes it back with that
 * program: at its end, at that of this process, and after SIGKILL to either.
 */
export async function apply(effect: NetShape, { id }: Until): Promise<void> {
  const { pod, direction, ports, peers, delayMs, jitterMs, lossRatio, affectsProbes } = effect;
  const name = `network of pod ${pod.namespace}/${pod.name}`;
  if (!existsSync(PROGRAM)) {
    throw new Error(`${name}: the agent's image must hold ${PROGRAM}, got no such file`);
  }
  // All containers of a pod share its network: any process will do.
  const [inside] = processesOf(allProcesses(), { uid: pod.uid, container: "" });
  if (inside === undefined) {
    throw new Error(`${name}: a container of it must run on this node, got no process of one`);
  }
  const spared = affectsProbes ? [] : nodeAddresses();
  const shape = { direction, ports, peers, spared, delayMs, jitterMs, lossRatio };
  const config = JSON.stringify({ id, pid: inside.pid, ...shape });
  const program = spawn(PROGRAM, ["queue", config], { stdio: ["pipe", "pipe", "pipe"] });
  try {
    await ready(program);
  } catch (error) {
    program.kill("SIGKILL");
    throw new Error(`${name}: ${String(error)}`, { cause: error });
  }
  program.once("exit", (code, signal) => {
    if (ending.has(program.pid ?? 0)) return;
    // The effect is gone: this process ends with it, and whoever holds it is told so.
    throw new Error(`${name}: ${PROGRAM} must live, got ${signal ?? `code ${code}`}`);
  });
}

/** It has no end of its own. */
export async function extend(): Promise<void> {}

/** By the id in its arguments: whoever started it may be gone. */
export async function undo(_effect: NetShape, id: string): Promise<void> {
  const startedMs = performance.now();
  for (;;) {
    const left = programsOf(id);
    if (left.length === 0) return;
    const tookMs = performance.now() - startedMs;
    if (tookMs > ENDED_MS) {
      throw new Error(
        `effect ${id}: ${PROGRAM} must end in ${ENDED_MS} ms, got ${left.join(", ")}`,
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

function programsOf(id: string): readonly number[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const [program = "", task, config = ""] = readFileSync(`/proc/${name}/cmdline`, "utf8").split(
        "\0",
      );
      const isIt =
        program === PROGRAM &&
        task === "queue" &&
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
