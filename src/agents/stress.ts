import { spawn, type ChildProcess } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { messageOf } from "../model/error.ts";
import type { Us } from "../model/quantity.ts";
import type { Target } from "../model/target.ts";
import { SMALL_NODE } from "./carrier.ts";
import { ownCgroupOf, type Cgroup } from "./container-cgroup.ts";
import { mainProcess, processesOf } from "./container-process.ts";
import type { Until } from "./effect-program.ts";
import { lives, startOf } from "./process-identity.ts";
import { allProcesses } from "./processes.ts";

/** What a container's limits count; version 2 has one cgroup for all. */
const CONTROLLERS = ["cpu", "cpuacct", "memory"] as const;
/** A container whose processes come and go is looked at again. */
const CGROUP_WITHIN_MS = 2_000;
const READY_WITHIN_MS = 10_000;
const GONE_WITHIN_MS = 3_000;
const LOOK_MS = 100;
/** What ended although nobody asked it to is started again after this. */
const PAUSE_MS = 1_000;

export interface StressOf {
  readonly pod: Target<"pod">;
  /** "": the pod's only one. */
  readonly container: string;
  /** File beside this one. */
  readonly program: "stress-cpu.ts" | "stress-memory.ts";
  readonly workers: number;
  readonly argsOf: (memory: Cgroup) => readonly string[];
}

/** The workers in one life of the container. */
interface Crew {
  readonly main: { readonly pid: number; readonly start: string | null };
  readonly workers: readonly ChildProcess[];
}

/**
 * Workers of ours in the cgroups of a container: what they use is the container's. They end with
 * this process, which holds their stdin, at the time they were told, and with the container's first
 * process; where the kubelet starts the container again they are started in its new cgroups.
 */
export class Stress {
  readonly #of: StressOf;
  readonly #id: string;
  #untilUs: Us;
  #crew: Crew | null = null;
  #timer: NodeJS.Timeout | null = null;
  #busy = false;
  #stopped = false;
  #pausedUntilMs = 0;

  constructor(of: StressOf, { id, untilUs }: Until) {
    this.#of = of;
    this.#id = id;
    this.#untilUs = untilUs;
  }

  /** Resolves once they are at work. */
  async start(): Promise<void> {
    this.#crew = await this.#begin();
    this.#timer = setInterval(() => void this.#look(), LOOK_MS);
  }

  extend(untilUs: Us): void {
    this.#untilUs = untilUs;
    for (const worker of this.#crew?.workers ?? []) tell(worker, untilUs);
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#end();
  }

  #end(): void {
    for (const worker of this.#crew?.workers ?? []) worker.kill("SIGKILL");
    this.#crew = null;
  }

  async #look(): Promise<void> {
    if (this.#busy) return;
    const crew = this.#crew;
    if (crew !== null) {
      const { pid, start } = crew.main;
      const ended = crew.workers.some((one) => one.exitCode !== null || one.signalCode !== null);
      if (lives(pid, start) && !ended) return;
      this.#end();
      this.#pausedUntilMs = performance.now() + PAUSE_MS;
    }
    if (performance.now() < this.#pausedUntilMs) return;
    this.#busy = true;
    try {
      const begun = await this.#begin();
      if (!this.#stopped) this.#crew = begun;
      else for (const worker of begun.workers) worker.kill("SIGKILL");
    } catch {
      // The container is not there yet, or going: the next look tries again.
      this.#pausedUntilMs = performance.now() + PAUSE_MS;
    } finally {
      this.#busy = false;
    }
  }

  async #begin(): Promise<Crew> {
    const { pod, container, program, workers, argsOf } = this.#of;
    const { pid, folders, memory } = await this.#place();
    if (this.#stopped) throw new Error("the effect must be wanted, got one that ended");
    const start = startOf(pid);
    const args = [`effect=${this.#id}`, `main=${pid}`, `start=${start ?? ""}`, ...argsOf(memory)];
    const argv = [...SMALL_NODE, join(import.meta.dirname, program), ...args];
    const crew = Array.from({ length: workers }, () =>
      spawn(process.execPath, argv, { stdio: ["pipe", "pipe", "inherit"] }),
    );
    for (const worker of crew) worker.stdin?.on("error", () => {});
    try {
      await Promise.all(crew.map(isReady));
      for (const worker of crew) {
        for (const folder of folders) {
          writeFileSync(join(folder, "cgroup.procs"), String(worker.pid));
        }
        protect(worker.pid ?? 0);
        tell(worker, this.#untilUs);
      }
    } catch (error) {
      for (const worker of crew) worker.kill("SIGKILL");
      const name = container === "" ? "its container" : `container ${container}`;
      const message = `${name} of pod ${pod.namespace}/${pod.name} must take a process of ours: ${messageOf(error)}`;
      throw new Error(message, { cause: error });
    }
    return { main: { pid, start }, workers: crew };
  }

  /** The first process, and cgroups that are the container's alone. */
  async #place(): Promise<{
    readonly pid: number;
    readonly folders: readonly string[];
    readonly memory: Cgroup;
  }> {
    const { pod, container } = this.#of;
    const which = { uid: pod.uid, container };
    const name = `container of pod ${pod.namespace}/${pod.name}`;
    const untilMs = performance.now() + CGROUP_WITHIN_MS;
    for (;;) {
      const all = allProcesses();
      const main = mainProcess(all, which);
      if ("why" in main) throw new Error(`${name} ${main.why}`);
      const pids = processesOf(all, which).map((one) => one.pid);
      if (pids.includes(process.pid)) throw new Error(`${name} must not be the agent's own`);
      const guests = workersOf(null);
      const found = CONTROLLERS.map((controller) =>
        ownCgroupOf(main.pid, controller, { pids, guests }),
      );
      const memory = found.at(-1);
      if (memory && found.every((one) => one !== null)) {
        // The CPUs it may use, where it is told which.
        const cpuset = ownCgroupOf(main.pid, "cpuset", { pids, guests });
        const folders = [...found, cpuset].flatMap((one) => (one === null ? [] : [one.folder]));
        return { pid: main.pid, folders: [...new Set(folders)], memory };
      }
      if (performance.now() > untilMs) {
        throw new Error(`${name} must have cgroups of its own, got some that it has not`);
      }
      await sleep(LOOK_MS);
    }
  }
}

/** Ends the workers of an effect, whoever started them; throws when one is still there. */
export async function endWorkers(id: string): Promise<void> {
  const untilMs = performance.now() + GONE_WITHIN_MS;
  for (;;) {
    const left = workersOf(id);
    if (left.length === 0) return;
    if (performance.now() > untilMs) {
      throw new Error(`workers of effect ${id} must end, got ${left.join(", ")}`);
    }
    for (const pid of left) kill(pid);
    await sleep(10);
  }
}

/** Ids of our workers on this node, of one effect or of all. */
export function workersOf(id: string | null): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const argv = argvOf(pid);
      const isOurs = argv.some((word) => /\/stress-(cpu|memory)\.ts$/.test(word));
      return isOurs && (id === null || argv.includes(`effect=${id}`));
    })
    .map(Number);
}

function argvOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return [];
  }
}

function isReady(worker: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    const limit = setTimeout(() => reject(new Error("a worker is not ready")), READY_WITHIN_MS);
    const settle = (error?: Error): void => {
      clearTimeout(limit);
      if (error) reject(error);
      else resolve();
    };
    worker.stdout?.once("data", () => settle());
    worker.once("error", settle);
    worker.once("exit", () => settle(new Error("a worker ended at its start")));
  });
}

/** What counts must stay: the kernel is to choose among the container's own processes. */
function protect(pid: number): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, "-1000");
  } catch {
    // Not allowed here: it has little memory that is its own, so others come first all the same.
  }
}

function tell(worker: ChildProcess, untilUs: Us): void {
  worker.stdin?.write(`${untilUs}\n`);
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
