import { existsSync, readFileSync } from "node:fs";

import type { Target } from "../model/target.ts";
import { processesOf } from "./container-process.ts";
import { NODE_PROCESS } from "./node-addresses.ts";
import { allProcesses } from "./processes.ts";
import { endProgram, holdProgram, needProgram, runProgram, type Task } from "./program.ts";

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
  needProgram(name);
  await holdProgram(task, { name, id, config: { pid: processIn(pod), ...config } });
}

/** The same in the network of the node itself. */
export async function holdInNode(
  task: Task,
  { node, id, config }: { readonly node: string; readonly id: string; readonly config: object },
): Promise<void> {
  const name = `network of node ${node}`;
  await holdProgram(task, { name, id, config: { pid: NODE_PROCESS, node: true, ...config } });
}

/**
 * Any process of the pod: all its containers share its network. One that is about to be gone is
 * still listed, and has no root folder to enter any more.
 */
function processIn({ namespace, name, uid }: Target<"pod">): number {
  const inside = processesOf(allProcesses(), { uid, container: "" }).find(({ pid }) =>
    existsSync(`/proc/${pid}/root/`),
  );
  if (inside !== undefined) return inside.pid;
  throw new Error(
    `network of pod ${namespace}/${name}: a container of it must run on this node, got no process of one`,
  );
}

/** What the kernel has counted in the pod's network: the lines of `snmp` and `netstat`. */
export function countedInNetwork(pod: Target<"pod">): string {
  const folder = `/proc/${processIn(pod)}/net`;
  return ["snmp", "netstat"].map((file) => readFileSync(`${folder}/${file}`, "utf8")).join("");
}

/** Asks a service as a client in the pod would: changes nothing, and says a line an ask. */
export function askInNetwork(pod: Target<"pod">, ask: object): number {
  return runProgram("ask", { ...ask, pid: processIn(pod) });
}

/** By the id in its arguments: whoever started it may be gone. Idempotent. */
export const endInNetwork = (task: Task, id: string): Promise<void> => endProgram(task, id);
