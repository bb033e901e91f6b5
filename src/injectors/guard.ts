import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import { EFFECT_FACTS, nodeOf, type Effect } from "../model/effect.ts";
import type { Us } from "../model/quantity.ts";
import type { ExecSession } from "../ports/api.ts";
import type { Injector } from "../ports/injector.ts";
import { HolderClient } from "./holder-client.ts";

const LINE_MAX_CHARS = 4_194_304;
/** Its supervisor pauses for a second before it starts a guard that died again. */
const AGAIN_MAX_MS = 5_000;
const RETRY_MS = 50;

export interface GuardInjectorOptions {
  readonly socketPath: string;
  /** Nodes whose power and link the guard can switch. */
  readonly machines: readonly string[];
  /** CLOCK_MONOTONIC at the start of the run. */
  readonly monotonicStartUs: Us;
}

/** Effects that no agent on a node could end: pods, power, links. */
export function guardInjector(options: GuardInjectorOptions): Injector & { close(): void } {
  const { socketPath, machines, monotonicStartUs } = options;
  const open = (signal: AbortSignal): Promise<ExecSession> => openAgain(socketPath, signal);
  const client = new HolderClient("guard", open, monotonicStartUs);
  return {
    name: "guard",
    accepts: (effect) => meansOf(effect, machines),
    start: (held, lease, signal) => client.start(held, lease, signal),
    renew: (ids, signal) => client.renew(ids, signal),
    stop: (held, signal) => client.stop(held, signal),
    list: (signal) => client.list(signal),
    close: () => client.close(),
  };
}

function meansOf(effect: Effect, machines: readonly string[]): ReturnType<Injector["accepts"]> {
  const { doneBy, means } = EFFECT_FACTS[effect.kind];
  if (doneBy === "api") return { means };
  if (doneBy === "node") return { refused: `${effect.kind} is done on a node, not by the guard` };
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
