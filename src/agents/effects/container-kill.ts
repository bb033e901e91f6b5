import { readFileSync, readdirSync } from "node:fs";

import type { Effect } from "../../model/effect.ts";
import { mainProcess, type ProcessFacts } from "../container-process.ts";

type ContainerKill = Extract<Effect, { kind: "container-kill" }>;

/** SIGKILL to the first process of the container, and to no other; its kernel ends the rest. */
export async function apply({ pod, container }: ContainerKill): Promise<void> {
  const found = mainProcess(allProcesses(), { uid: pod.uid, container });
  if ("why" in found) throw new Error(`container of pod ${pod.namespace}/${pod.name} ${found.why}`);
  process.kill(found.pid, "SIGKILL");
}

/** It happens once: nothing is held. */
export async function extend(): Promise<void> {}
export async function undo(): Promise<void> {}

/** What ends while it is looked at is not there. */
function allProcesses(): readonly ProcessFacts[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, "utf8");
        const mounts = readFileSync(`/proc/${pid}/mountinfo`, "utf8");
        return [{ pid: Number(pid), status, mounts }];
      } catch {
        return [];
      }
    });
}
