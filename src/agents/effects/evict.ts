import { setTimeout as sleep } from "node:timers/promises";

import type { Effect } from "../../model/effect.ts";
import { textAt } from "../../model/json.ts";
import { evictionOf } from "../../model/pod-removal.ts";
import { askApi, getObject } from "../guard-api.ts";

type Evict = Extract<Effect, { kind: "evict" }>;

/** Less than whoever asked for it waits. */
const ALLOWED_WITHIN_MS = 8_000;
const PAUSE_MS = 500;

/** Asked again while a disruption budget does not allow it, then given up in the budget's words. */
export async function apply({ pod, graceMs }: Evict): Promise<void> {
  const name = `${pod.namespace}/${pod.name}`;
  const untilMs = performance.now() + ALLOWED_WITHIN_MS;
  const gone = `pod ${name} must have uid ${pod.uid}, got gone`;
  // The server takes another uid for a conflict that may pass, and tries for 10 s.
  const there = await getObject(`api/v1/namespaces/${pod.namespace}/pods/${pod.name}`);
  if (textAt(there, "metadata", "uid") !== pod.uid) throw new Error(gone);
  for (;;) {
    const withinMs = untilMs - performance.now();
    const { status, message } = await askApi({ ...evictionOf(pod, graceMs), withinMs });
    if (status < 300) return;
    if (status === 404 || status === 409) throw new Error(gone);
    if (status !== 429) {
      throw new Error(`eviction of pod ${name}: must be accepted, got ${status}: ${message}`);
    }
    if (performance.now() + 2 * PAUSE_MS > untilMs) {
      throw new Error(
        `eviction of pod ${name}: must be allowed within ${ALLOWED_WITHIN_MS} ms, ` +
          `got ${status}: ${message}`,
      );
    }
    await sleep(PAUSE_MS);
  }
}

/** It happens once: nothing is held. */
export async function extend(): Promise<void> {}
export async function undo(): Promise<void> {}
