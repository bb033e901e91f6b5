import type { Effect } from "../../model/effect.ts";
import {
  mainProcess,
  processesOf,
  processesWithMount,
  type Inside,
  type ProcessFacts,
} from "../container-process.ts";
import { allProcesses } from "../processes.ts";

type ContainerDown = Extract<Effect, { kind: "container-down" }>;

const LOOK_MS = 50;
/** Who is no such process for so long will not become one: containers are made within seconds. */
const YOUNG_MS = 10_000;

/** Where this process looks again and again; it ends with it. */
let looking: NodeJS.Timeout | null = null;

/** Kills the first process that runs now, and from then on each that is started in its place. */
export async function apply(effect: ContainerDown): Promise<void> {
  const firsts = firstsOf(effect, allProcesses());
  if ("why" in firsts) throw new Error(`${nameOf(effect)} ${firsts.why}`);
  if (firsts.inside.includes(process.pid)) {
    throw new Error(`${nameOf(effect)} must not be the agent's own`);
  }
  for (const pid of firsts.pids) kill(pid);
  let firstSeenMs: ReadonlyMap<number, number> = new Map();
  looking = setInterval(() => {
    const { young, seenMs } = youngOf(firstSeenMs);
    firstSeenMs = seenMs;
    const found = firstsOf(effect, young);
    for (const pid of "why" in found ? [] : found.pids) kill(pid);
  }, LOOK_MS);
}

/** It is there for as long as this process looks: there is nothing to make longer. */
export async function extend(): Promise<void> {}

/** Whoever carried it has ended or ends: what starts now is left alone. */
export async function undo(): Promise<void> {
  if (looking !== null) clearInterval(looking);
  looking = null;
}

function nameOf({ of, node }: ContainerDown): string {
  return "uid" in of ? `container of pod ${of.uid}` : `container with ${of.mountsAt} on ${node}`;
}

/** Of each such pod the first process, once it is the container's own program. */
function firstsOf(
  { of, container }: ContainerDown,
  all: readonly ProcessFacts[],
): { readonly pids: readonly number[]; readonly inside: readonly number[] } | { why: string } {
  const inside: readonly Inside[] =
    "uid" in of
      ? processesOf(all, { uid: of.uid, container })
      : processesWithMount(all, { path: of.mountsAt, container });
  const names = [...new Set(inside.map(({ name }) => name))].sort();
  if (names.length === 0) return { why: "must run on this node, got no process of one" };
  if (names.length > 1) return { why: `must be named, got ${names.join(", ")}` };
  const pids = [...new Set(inside.map(({ uid }) => uid))].flatMap((uid) => {
    const main = mainProcess(inside, { uid, container });
    return "pid" in main ? [main.pid] : [];
  });
  return {
    // The runtime's own process, which becomes the container's, must not be met: that is an error
    // at the start of a container, and no crash.
    pids: pids.filter((pid) => !inside.some((one) => one.pid === pid && isRuntime(one))),
    inside: inside.map(({ pid }) => pid),
  };
}

const isRuntime = ({ status }: ProcessFacts): boolean => /^Name:\s*(runc|crun)\b/.test(status);

/** A look costs no more than what is new since the looks before. */
function youngOf(firstSeenMs: ReadonlyMap<number, number>): {
  readonly young: readonly ProcessFacts[];
  readonly seenMs: ReadonlyMap<number, number>;
} {
  const nowMs = performance.now();
  const seenMs = new Map<number, number>();
  const young = allProcesses((pid) => {
    const sinceMs = firstSeenMs.get(pid) ?? nowMs;
    seenMs.set(pid, sinceMs);
    return nowMs - sinceMs < YOUNG_MS;
  });
  return { young, seenMs };
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
