import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import type { Effect } from "../../model/effect.ts";
import { cgroupOf, ownCgroupOf, type Cgroup } from "../container-cgroup.ts";
import { mainProcess, processesOf } from "../container-process.ts";
import { NothingDone } from "../effect-program.ts";
import { allProcesses, stateOf } from "../processes.ts";

type Freeze = Extract<Effect, { kind: "freeze" }>;

const WITHIN_MS = 3_000;
const LOOK_MS = 10;

/**
 * No process of the container runs any more; its connections stay open, and nobody is told. By the
 * cgroup's freezer where the cgroup is the container's alone, else SIGSTOP to each process.
 */
export async function apply(effect: Freeze): Promise<void> {
  const { pod, container } = effect;
  const main = mainProcess(allProcesses(), { uid: pod.uid, container });
  const name = `container of pod ${pod.namespace}/${pod.name}`;
  if ("why" in main) throw new Error(`${name} ${main.why}`);
  // Whoever is frozen cannot thaw.
  if (pidsOf(effect).includes(process.pid)) throw new Error(`${name} must not be the agent's own`);
  const freezer = freezerOf(effect, main.pid);
  if (freezer !== null && isFrozen(freezer)) {
    throw new NothingDone(`${name} must run, got frozen`);
  }
  const done = await eventually(() =>
    freezer === null ? stopAll(effect) : setFrozen(freezer, true),
  );
  if (!done) throw new Error(`${name} must be frozen within ${WITHIN_MS} ms, got some that run`);
}

/** What is frozen stays frozen: there is nothing to make longer. */
export async function extend(): Promise<void> {}

/** By whichever means it was frozen; a container that was started since runs already. */
export async function undo(effect: Freeze): Promise<void> {
  const done = await eventually(() => {
    const left = pidsOf(effect).filter((pid) => {
      const freezer = cgroupOf(pid, "freezer");
      if (freezer !== null && isFrozen(freezer)) setFrozen(freezer, false);
      const isStopped = stateOf(pid) === "T";
      if (isStopped) signal(pid, "SIGCONT");
      return isStopped || (freezer !== null && isFrozen(freezer));
    });
    return left.length === 0;
  });
  if (!done) throw new Error(`pod ${effect.pod.name} must run again, got processes that do not`);
}

function pidsOf({ pod, container }: Freeze): readonly number[] {
  return processesOf(allProcesses(), { uid: pod.uid, container }).map(({ pid }) => pid);
}

/** Null where there is none, or where it would freeze anybody else or not all of the container. */
function freezerOf(effect: Freeze, main: number): Cgroup | null {
  const freezer = ownCgroupOf(main, "freezer", { pids: pidsOf(effect) });
  return freezer !== null && existsSync(controlOf(freezer)) ? freezer : null;
}

function controlOf({ version, folder }: Cgroup): string {
  return join(folder, version === 1 ? "freezer.state" : "cgroup.freeze");
}

/** Whether it is asked to be frozen, as a whole or not yet. */
function isFrozen(freezer: Cgroup): boolean {
  return !["", "THAWED", "0"].includes(textOf(controlOf(freezer)));
}

/** Whether it is as asked by now: to be asked again until it is. */
function setFrozen(freezer: Cgroup, frozen: boolean): boolean {
  const [on, off] = freezer.version === 1 ? ["FROZEN", "THAWED"] : ["1", "0"];
  try {
    writeFileSync(controlOf(freezer), frozen ? on : off);
  } catch (error) {
    // It has gone with its container.
    if (!existsSync(controlOf(freezer))) return true;
    throw error;
  }
  if (freezer.version === 1) return textOf(controlOf(freezer)) === (frozen ? on : off);
  return textOf(join(freezer.folder, "cgroup.events")).includes(`frozen ${frozen ? on : off}`);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}

/** Whether nobody ran: one that was started meanwhile is met the next time. */
function stopAll(effect: Freeze): boolean {
  const running = pidsOf(effect).filter((pid) => !["T", "Z", null].includes(stateOf(pid)));
  for (const pid of running) signal(pid, "SIGSTOP");
  return running.length === 0;
}

function signal(pid: number, name: "SIGSTOP" | "SIGCONT"): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function eventually(is: () => boolean): Promise<boolean> {
  const untilMs = performance.now() + WITHIN_MS;
  while (!is()) {
    if (performance.now() > untilMs) return false;
    await sleep(LOOK_MS);
  }
  return true;
}
