import { setTimeout as sleep } from "node:timers/promises";

import type { Target } from "../model/target.ts";
import { ownCgroupOf, type Cgroup } from "./container-cgroup.ts";
import { mainProcess, processesOf } from "./container-process.ts";
import { NothingDone } from "./effect-program.ts";
import { allProcesses } from "./processes.ts";
import { workersOf } from "./stress.ts";

/** A container whose processes come and go is looked at again. */
const CGROUP_WITHIN_MS = 2_000;
const LOOK_MS = 100;

export interface ContainerOf {
  readonly pod: Target<"pod">;
  /** "": the pod's only one. */
  readonly container: string;
}

/** A container as its node's kernel has it now. */
export interface ContainerHere {
  /** For people. */
  readonly name: string;
  /** Its first process. */
  readonly main: number;
  readonly pids: readonly number[];
}

/** Throws NothingDone where it does not run here, or is the agent's own. */
export function containerHere({ pod, container }: ContainerOf): ContainerHere {
  const name = `${container === "" ? "container" : `container ${container}`} of pod ${pod.namespace}/${pod.name}`;
  const all = allProcesses();
  const which = { uid: pod.uid, container };
  const main = mainProcess(all, which);
  if ("why" in main) throw new NothingDone(`${name} ${main.why}`);
  const pids = processesOf(all, which).map(({ pid }) => pid);
  if (pids.includes(process.pid)) throw new NothingDone(`${name} must not be the agent's own`);
  return { name, main: main.pid, pids };
}

/** Its cgroup for that controller, which nobody shares. Throws NothingDone where it has none. */
export async function cgroupHere(
  of: ContainerOf,
  controller: string,
): Promise<ContainerHere & { readonly cgroup: Cgroup }> {
  const untilMs = performance.now() + CGROUP_WITHIN_MS;
  for (;;) {
    const here = containerHere(of);
    const { main, pids, name } = here;
    const cgroup = ownCgroupOf(main, controller, { pids, guests: workersOf(null) });
    if (cgroup !== null) return { ...here, cgroup };
    if (performance.now() > untilMs) {
      throw new NothingDone(`${name} must have a cgroup of its own for ${controller}, got none`);
    }
    await sleep(LOOK_MS);
  }
}
