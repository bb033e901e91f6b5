import { EFFECT_FACTS, type Effect, type Held } from "../model/effect.ts";
import { EXIT, NinetyError, messageOf } from "../model/error.ts";
import { textAt, type Json } from "../model/json.ts";
import type { Us } from "../model/quantity.ts";
import type { Api } from "../ports/api.ts";
import type { Injector } from "../ports/injector.ts";

/** Ids that are remembered: more steps than any run has. */
const REMEMBERED_MAX = 10_000;

type Delete = Extract<Effect, { kind: "delete" }>;

export interface ApiInjectorOptions {
  readonly api: Api;
  /** CLOCK_MONOTONIC at the start of the run. */
  readonly monotonicStartUs: Us;
}

/**
 * What needs nothing but the API server, on a cluster that has no guard: pods are deleted. It
 * happens once, so there is nothing that could outlive us; what would have to be held is refused.
 */
export function apiInjector({ api, monotonicStartUs }: ApiInjectorOptions): Injector {
  const ended = new Set<string>();
  const begun = new Map<string, Promise<Us>>();
  const nowUs = (): Us => Number(process.hrtime.bigint() / 1_000n) - monotonicStartUs;
  return {
    name: "api",
    accepts: meansOf,
    async start(held, _lease, signal) {
      const { id, effect } = held;
      if (ended.has(id)) throw refused(held, "must be new, got one that ended");
      if (effect.kind !== "delete") throw refused(held, `must be delete, got ${effect.kind}`);
      // Asked again it is the same deletion, not a second one; a failure may be tried again.
      const doing = begun.get(id) ?? remove(api, effect, signal).then(nowUs);
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

function meansOf({ kind }: Effect): ReturnType<Injector["accepts"]> {
  if (kind === "delete") return { means: EFFECT_FACTS[kind].means };
  return EFFECT_FACTS[kind].doneBy === "node"
    ? { refused: `${kind} needs the node agent: --image <reference of ninety's programs>` }
    : { refused: `${kind} needs the guard of a local cluster` };
}

function refused({ id }: Held, why: string, cause?: unknown): NinetyError {
  return new NinetyError(`effect ${id}: ${why}`, { exit: EXIT.unknown, cause });
}

async function remove(api: Api, { pod, graceMs }: Delete, signal: AbortSignal): Promise<void> {
  const { namespace, name, uid } = pod;
  const path = `api/v1/namespaces/${namespace}/pods/${name}`;
  const { status, body } = await api.call(
    {
      method: "DELETE",
      path,
      body: {
        apiVersion: "v1",
        kind: "DeleteOptions",
        gracePeriodSeconds: Math.ceil(graceMs / 1_000),
        preconditions: { uid },
      },
    },
    signal,
  );
  if (status === 404 || status === 409) {
    throw new Error(`pod ${namespace}/${name} must have uid ${uid}, got gone`);
  }
  if (status >= 300) {
    throw new Error(
      `delete of pod ${namespace}/${name} must be accepted, got ${status}: ${said(body)}`,
    );
  }
}

function said(body: string): string {
  try {
    return textAt(JSON.parse(body) as Json, "message") || body.slice(0, 300);
  } catch {
    return body.slice(0, 300);
  }
}
