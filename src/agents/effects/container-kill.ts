import type { Effect } from "../../model/effect.ts";
import { mainProcess } from "../container-process.ts";
import { allProcesses } from "../processes.ts";

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
