import { setTimeout as sleep } from "node:timers/promises";

import type { Effect, Held } from "../model/effect.ts";
import { EFFECT_FACTS } from "../model/effect-facts.ts";
import { EXIT, NinetyError, messageOf } from "../model/error.ts";
import { textAt } from "../model/json.ts";
import { deletionOf, evictionOf, wordsOf } from "../model/pod-removal.ts";
import type { Ms, Us } from "../model/quantity.ts";
import type { Api } from "../ports/api.ts";
import type { Injector } from "../ports/injector.ts";

/** Ids that are remembered: more steps than any run has. */
const REMEMBERED_MAX = 10_000;

/** Less than whoever asked for it waits. */
const ALLOWED_WITHIN_MS = 8_000;
const PAUSE_MS = 500;
const NOT_ALLOWED = 429;

/** What happens once. */
type Removing = Extract<Effect, { kind: "delete" | "evict" }>;

export interface ApiInjectorOptions {
  readonly api: Api;
  /** CLOCK_MONOTONIC at the start of the run. */
  readonly monotonicStartUs: Us;
  /** Between two evictions where a disruption budget did not allow the first. Default 500. */
  readonly pauseMs?: Ms;
}

/**
 * What needs nothing but the API server: pods are deleted or evicted. It happens once, so there is
 * nothing that could outlive us; what would have to be held is refused.
 */
export function apiInjector(options: ApiInjectorOptions): Injector {
  const { api, monotonicStartUs, pauseMs = PAUSE_MS } = options;
  const ended = new Set<string>();
  const begun = new Map<string, Promise<Us>>();
  const nowUs = (): Us => Number(process.hrtime.bigint() / 1_000n) - monotonicStartUs;
  return {
    name: "api",
    accepts: meansOf,
    async start(held, _lease, signal) {
      const { id, effect } = held;
      if (ended.has(id)) throw refused(held, "must be new, got one that ended");
      if (!isRemoving(effect)) {
        throw refused(held, `must be delete or evict, got ${effect.kind}`);
      }
      // Asked again it is the same deletion, not a second one; a failure may be tried again.
      const doing = begun.get(id) ?? remove(effect, { api, pauseMs, signal }).then(nowUs);
      if (begun.size < REMEMBERED_MAX) begun.set(id, doing);
      try {
        return await doing;
      } catch (error) {
        begun.delete(id);
        throw refused(held, messageOf(error), error);
      }
    },
    renew: async () => [],
    async stop({ id }) {
      if (ended.size < REMEMBERED_MAX) ended.add(id);
    },
    list: async () => [],
  };
}

const isRemoving = (effect: Effect): effect is Removing =>
  effect.kind === "delete" || effect.kind === "evict";

function meansOf(effect: Effect): ReturnType<Injector["accepts"]> {
  const { kind } = effect;
  const { doneBy, means } = EFFECT_FACTS[kind];
  if (isRemoving(effect)) return { means };
  if (doneBy === "machine") return { refused: `${kind} needs the guard of a local cluster` };
  const who = doneBy === "node" ? "the node agent" : "the guard";
  return { refused: `${kind} needs ${who}: --image <reference of ninety's programs>` };
}

function refused({ id }: Held, why: string, cause?: unknown): NinetyError {
  return new NinetyError(`effect ${id}: ${why}`, { exit: EXIT.unknown, cause });
}

/** An eviction is asked for again while a disruption budget does not allow it. */
async function remove(
  effect: Removing,
  of: { readonly api: Api; readonly pauseMs: Ms; readonly signal: AbortSignal },
): Promise<void> {
  const { api, pauseMs, signal } = of;
  const { pod } = effect;
  const name = `pod ${pod.namespace}/${pod.name}`;
  const gone = `${name} must have uid ${pod.uid}, got gone`;
  const untilMs = performance.now() + ALLOWED_WITHIN_MS;
  if (effect.kind === "evict") {
    const there = await api.get(`api/v1/namespaces/${pod.namespace}/pods/${pod.name}`, signal);
    if (textAt(there, "metadata", "uid") !== pod.uid) throw new Error(gone);
  }
  const request =
    effect.kind === "delete" ? deletionOf(pod, effect.graceMs) : evictionOf(pod, effect.graceMs);
  for (;;) {
    const { status, body } = await api.call(request, signal);
    if (status < 300) return;
    if (status === 404 || status === 409) throw new Error(gone);
    const isLast = performance.now() + pauseMs > untilMs;
    if (effect.kind !== "evict" || status !== NOT_ALLOWED || isLast) {
      const what = effect.kind === "evict" ? "eviction" : "delete";
      throw new Error(`${what} of ${name} must be accepted, got ${status}: ${wordsOf(body)}`);
    }
    await sleep(pauseMs, undefined, { signal });
  }
}
