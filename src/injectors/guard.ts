import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import { AGENT_NODE } from "../model/agent-pod.ts";
import type { ControlComponent } from "../model/component.ts";
import { nodeOf, type Effect } from "../model/effect.ts";
import { EFFECT_FACTS } from "../model/effect-facts.ts";
import { GUARD, guardIn } from "../model/guard-pod.ts";
import type { Us } from "../model/quantity.ts";
import type { Api, ExecSession } from "../ports/api.ts";
import type { Injector } from "../ports/injector.ts";
import { HolderClient } from "./holder-client.ts";

const LINE_MAX_CHARS = 4_194_304;
/** Its supervisor pauses for a second before it starts a guard that died again. */
const AGAIN_MAX_MS = 5_000;
const RETRY_MS = 50;

const CONNECT = [...AGENT_NODE, "/app/src/agents/connect.ts"] as const;

export interface GuardInjectorOptions {
  readonly socketPath: string;
  /** Nodes whose power and link the guard can switch. */
  readonly machines: readonly string[];
  /** Components of the control plane that it can stop and kill. */
  readonly components: readonly ControlComponent[];
  /** CLOCK_MONOTONIC at the start of the run. */
  readonly monotonicStartUs: Us;
}

/** Effects that no agent on a node could end: API objects, power, links, the control plane. */
export function guardInjector(options: GuardInjectorOptions): Injector & { close(): void } {
  const { socketPath, monotonicStartUs } = options;
  const open = (signal: AbortSignal): Promise<ExecSession> => openAgain(socketPath, signal);
  return injectorBy(new HolderClient("guard", open, monotonicStartUs), options);
}

/**
 * The guard in a pod of the cluster, for what must be held: by one long exec that is opened when
 * first needed and kept. It has no machines to switch; where there is none, nothing is held.
 */
export function guardPodInjector(options: {
  readonly api: Api;
  /** CLOCK_MONOTONIC at the start of the run. */
  readonly monotonicStartUs: Us;
}): Injector & { close(): void } {
  const { api, monotonicStartUs } = options;
  const path = `api/v1/namespaces/${GUARD.namespace}/pods`;
  const find = async (signal: AbortSignal): Promise<ReturnType<typeof guardIn>> =>
    guardIn(await api.list(path, signal));
  // Anew for every session: the pod may have been replaced.
  const open = async (signal: AbortSignal): Promise<ExecSession> => {
    const pod = await find(signal);
    if (pod === null) throw new Error(`a guard must run in ${GUARD.namespace}, got none`);
    return api.exec(pod, CONNECT, signal);
  };
  const injector = injectorBy(new HolderClient("guard", open, monotonicStartUs), NO_HANDS);
  return {
    ...injector,
    accepts: (effect) => {
      const { kind } = effect;
      const { doneBy, once } = EFFECT_FACTS[kind];
      if (doneBy === "machine") return { refused: `${kind} needs the guard of a local cluster` };
      return once ? { refused: `${kind} needs no guard` } : injector.accepts(effect);
    },
    list: async (signal) => ((await find(signal)) === null ? [] : injector.list(signal)),
  };
}

type Hands = Pick<GuardInjectorOptions, "machines" | "components">;
const NO_HANDS: Hands = { machines: [], components: [] };

function injectorBy(client: HolderClient, hands: Hands): Injector & { close(): void } {
  return {
    name: "guard",
    accepts: (effect) => meansOf(effect, hands),
    start: (held, lease, signal) => client.start(held, lease, signal),
    renew: (ids, signal) => client.renew(ids, signal),
    stop: (held, signal) => client.stop(held, signal),
    list: (signal) => client.list(signal),
    close: () => client.close(),
  };
}

function meansOf(effect: Effect, { machines, components }: Hands): ReturnType<Injector["accepts"]> {
  const { doneBy, means } = EFFECT_FACTS[effect.kind];
  if (doneBy === "api") return { means };
  if (doneBy === "node") return { refused: `${effect.kind} is done on a node, not by the guard` };
  if ("component" in effect) {
    const { component } = effect;
    return components.includes(component)
      ? { means: `${means}: ${component}` }
      : {
          refused: `component must be one of ${components.join(", ") || "none"}, got ${component}`,
        };
  }
  const node = nodeOf(effect);
  return machines.includes(node)
    ? { means: `${means} ${node}` }
    : { refused: `node must be one of ${machines.join(", ") || "none"}, got ${node}` };
}

/** Waits for a guard that is just being started again. */
async function openAgain(path: string, signal: AbortSignal): Promise<ExecSession> {
  const untilMs = performance.now() + AGAIN_MAX_MS;
  for (;;) {
    try {
      return await openSocket(path, signal);
    } catch (error) {
      if (signal.aborted || performance.now() >= untilMs) throw error;
    }
    await sleep(RETRY_MS, undefined, { signal });
  }
}

function openSocket(path: string, signal: AbortSignal): Promise<ExecSession> {
  const opened = Promise.withResolvers<ExecSession>();
  const ended = Promise.withResolvers<{ readonly code: null; readonly stderr: string }>();
  const takers: ((line: string) => void)[] = [];
  const socket = connect({ path, signal });
  let buffer = "";
  let trouble = "";
  socket.setEncoding("utf8");
  socket.on("data", (chunk: string) => {
    const lines = (buffer + chunk).split("\n");
    buffer = lines.pop() ?? "";
    if (buffer.length > LINE_MAX_CHARS) socket.destroy(new Error("a line that does not end"));
    for (const line of lines) for (const take of takers) take(line);
  });
  socket.on("error", (error) => {
    trouble = error.message;
    opened.reject(error);
  });
  socket.on("close", () => ended.resolve({ code: null, stderr: trouble }));
  socket.once("connect", () =>
    opened.resolve({
      send: (line) => void socket.write(`${line}\n`),
      onLine: (take) => void takers.push(take),
      ended: ended.promise,
      close: () => socket.destroy(),
    }),
  );
  return opened.promise;
}
