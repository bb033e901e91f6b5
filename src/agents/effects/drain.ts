import { setTimeout as sleep } from "node:timers/promises";

import { goesAtDrain, podsOnNode } from "../../model/drain.ts";
import type { Effect } from "../../model/effect.ts";
import { at, listAt, textAt } from "../../model/json.ts";
import type { Ms } from "../../model/quantity.ts";
import { evictionOf } from "../../model/pod-removal.ts";
import { NothingDone } from "../effect-program.ts";
import { askApi, getObject } from "../guard-api.ts";

type Drain = Extract<Effect, { kind: "drain" }>;

const CORDONED_WITHIN_MS = 3_000;
const LOOK_MS = 50;
const ROUND_EVERY_MS = 1_000;
/** Together less than whoever asked for it waits. */
const ROUND_MAX_MS = 3_000;
const PODS_MAX = 500;
const AT_ONCE = 10;

/** Where this process evicts again and again; it ends with it. */
let over: AbortController | null = null;

/** There once each pod has been asked to go; those that a budget keeps are asked again. */
export async function apply({ node }: Drain): Promise<void> {
  await cordoned(node);
  await round(node);
  over = new AbortController();
  void goOn(node, over.signal);
}

/** It goes on for as long as this process does: there is nothing to make longer. */
export async function extend(): Promise<void> {}

/** Whoever carried it has ended or ends: what has gone is not brought back. */
export async function undo(): Promise<void> {
  over?.abort();
  over = null;
}

/** Pods that come back to where they were taken from would be taken again and again. */
async function cordoned(node: string): Promise<void> {
  const untilMs = performance.now() + CORDONED_WITHIN_MS;
  for (;;) {
    if (await isCordoned(node, CORDONED_WITHIN_MS)) return;
    if (performance.now() + LOOK_MS > untilMs) {
      throw new NothingDone(`node ${node} must be cordoned before it is drained, got open`);
    }
    await sleep(LOOK_MS);
  }
}

async function isCordoned(node: string, withinMs: Ms): Promise<boolean> {
  const object = await getObject(`api/v1/nodes/${node}`, withinMs);
  return at(object, "spec", "unschedulable") === true;
}

async function goOn(node: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    // A round that fails is made again in the next second; a node that is open again is let be.
    const again = await isCordoned(node, ROUND_MAX_MS).catch(() => false);
    if (again && !signal.aborted) await round(node).catch(() => {});
    await sleep(ROUND_EVERY_MS, undefined, { signal }).catch(() => {});
  }
}

/** Asks every pod once; what does not go is told by none: the proof says what is there. */
async function round(node: string): Promise<void> {
  const untilMs = performance.now() + ROUND_MAX_MS;
  const list = await getObject(`${podsOnNode(node)}&limit=${PODS_MAX}`, ROUND_MAX_MS);
  const pods = listAt(list, "items")
    .filter(goesAtDrain)
    .filter((pod) => at(pod, "metadata", "deletionTimestamp") === undefined);
  for (let from = 0; from < pods.length && performance.now() < untilMs; from += AT_ONCE) {
    const some = pods.slice(from, from + AT_ONCE);
    await Promise.all(some.map((pod) => evict(pod, untilMs - performance.now())));
  }
}

/** Throws where it may not be asked at all. */
async function evict(pod: unknown, withinMs: Ms): Promise<void> {
  const [namespace, name, uid] = ["namespace", "name", "uid"].map((field) =>
    textAt(pod, "metadata", field),
  ) as [string, string, string];
  const eviction = evictionOf({ namespace, name, uid }, null);
  const { status, message } = await askApi({ ...eviction, withinMs });
  if (status !== 403) return;
  throw new Error(
    `eviction of pod ${namespace}/${name}: must be accepted, got ${status}: ${message}`,
  );
}
