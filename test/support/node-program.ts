// A process with a name of this test's own, which the agent takes for a program of its node.
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

import { exited, until } from "./holder-process.ts";

export interface NodeProgramProcess {
  readonly name: string;
  readonly pid: () => number;
  /** None of its threads makes a step. */
  readonly isStopped: () => boolean;
  /** Ends it, and starts another in its place. */
  readonly restart: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** So many node has, once it runs: whoever stops it later meets all of them. */
const THREADS = 5;

export async function nodeProgram(name: string): Promise<NodeProgramProcess> {
  let child = await started(name, THREADS);
  const end = async (): Promise<void> => {
    child.kill("SIGKILL");
    await exited(child);
  };
  const pid = (): number => child.pid ?? 0;
  return {
    name,
    pid,
    isStopped: () => statesOf(pid()).every((state) => state === "t"),
    restart: async () => {
      await end();
      // Whatever is to be stopped may be before its other threads are there.
      child = await started(name, 1);
    },
    close: end,
  };
}

async function started(name: string, threads: number): Promise<ReturnType<typeof spawn>> {
  const script = "setInterval(() => {}, 10)";
  const child = spawn(process.execPath, ["-e", script], { argv0: name, stdio: "ignore" });
  try {
    await until(`${name} runs`, () => statesOf(child.pid ?? 0).length >= threads);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
  return child;
}

/** One letter a thread, as /proc tells it: `t` for stopped by a tracer. */
export function statesOf(pid: number): readonly string[] {
  return readdirSync(`/proc/${pid}/task`).map((thread) => {
    const status = readFileSync(`/proc/${pid}/task/${thread}/status`, "utf8");
    return /^State:\s*(\S)/m.exec(status)?.[1] ?? "";
  });
}
