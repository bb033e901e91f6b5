import { setTimeout as sleep } from "node:timers/promises";

import type { AgentAnswer, AgentAsk } from "../model/agent-protocol.ts";
import { messageOf } from "../model/error.ts";
import type { ExecSession } from "../ports/api.ts";

type Ok = Extract<AgentAnswer, { ok: true }>;
/** An ask without its number: `Omit` over the union, member by member. */
export type Ask = AgentAsk extends infer A ? (A extends AgentAsk ? Omit<A, "ask"> : never) : never;

/** Opens a session with a holder; it ends at the latest when the signal aborts. */
export type OpenSession = (signal: AbortSignal) => Promise<ExecSession>;

const TRIES_MAX = 4;
const OPEN_MAX_MS = 8_000;
const PAUSE_MS = 150;

/** What a holder answered when it would not do what was asked. */
class Refused extends Error {}

interface Line {
  readonly session: ExecSession;
  readonly pending: Map<number, PromiseWithResolvers<AgentAnswer>>;
  readonly close: () => void;
}

/**
 * Asks a holder over one session that is opened when first needed and kept. An answer that does not
 * come in time, or a session that ends, is met by a new session and by asking again: every ask is
 * idempotent.
 */
export class LineClient {
  readonly #open: OpenSession;
  readonly #name: string;
  #line: Promise<Line> | null = null;
  #asks = 0;
  #closed = false;

  constructor(name: string, open: OpenSession) {
    this.#name = name;
    this.#open = open;
  }

  /** Throws Refused with the holder's words, what kept it from answering, or the abort. */
  async ask(ask: Ask, withinMs: number, signal: AbortSignal): Promise<Ok> {
    for (let tries = 1; ; tries += 1) {
      signal.throwIfAborted();
      if (this.#closed) throw new Error(`${this.#name}: the session must be open, got closed`);
      try {
        const answer = await this.#askOnce(ask, withinMs, signal);
        if (answer.ok) return answer;
        throw new Refused(`${this.#name}: ${answer.message}`);
      } catch (error) {
        if (error instanceof Refused || signal.aborted || tries >= TRIES_MAX) throw error;
      }
      await sleep(PAUSE_MS * tries, undefined, { signal });
    }
  }

  close(): void {
    this.#closed = true;
    if (this.#line !== null) this.#drop(this.#line);
  }

  async #askOnce(ask: Ask, withinMs: number, signal: AbortSignal): Promise<AgentAnswer> {
    const connected = this.#connected();
    const line = await bounded(connected, OPEN_MAX_MS, signal, `${this.#name}: session`);
    this.#asks += 1;
    const number = this.#asks;
    const answer = Promise.withResolvers<AgentAnswer>();
    line.pending.set(number, answer);
    try {
      line.session.send(JSON.stringify({ ask: number, ...ask }));
      return await bounded(answer.promise, withinMs, signal, `${this.#name}: answer to ${ask.do}`);
    } catch (error) {
      // One that keeps silent is no use for the next ask either; an aborted ask says nothing of it.
      if (!signal.aborted) this.#drop(connected);
      throw error;
    } finally {
      line.pending.delete(number);
    }
  }

  #drop(line: Promise<Line>): void {
    if (this.#line === line) this.#line = null;
    line.then(({ close }) => close()).catch(() => {});
  }

  #connected(): Promise<Line> {
    if (this.#line !== null) return this.#line;
    const line = this.#connect();
    this.#line = line;
    const forget = (): void => {
      if (this.#line === line) this.#line = null;
    };
    line.then(({ session }) => session.ended).then(forget, forget);
    return line;
  }

  async #connect(): Promise<Line> {
    const lifetime = new AbortController();
    const late = setTimeout(() => lifetime.abort(new Error("took too long")), OPEN_MAX_MS);
    const opening = this.#open(lifetime.signal);
    let session: ExecSession;
    try {
      session = await opening;
    } catch (error) {
      throw new Error(`${this.#name}: no session: ${messageOf(error)}`, { cause: error });
    } finally {
      clearTimeout(late);
    }
    const pending = new Map<number, PromiseWithResolvers<AgentAnswer>>();
    session.onLine((line) => {
      const answer = readAnswer(line);
      if (answer !== null) pending.get(answer.re)?.resolve(answer);
    });
    void session.ended.then(({ stderr }) => {
      const why = stderr.trim().slice(-500) || "no reason given";
      for (const { reject } of pending.values()) {
        reject(new Error(`${this.#name}: the session ended: ${why}`));
      }
    });
    const close = (): void => {
      session.close();
      lifetime.abort(new Error("closed"));
    };
    return { session, pending, close };
  }
}

/** Null: not the protocol, so it answers nothing; the ask then runs into its limit. */
function readAnswer(line: string): AgentAnswer | null {
  try {
    return JSON.parse(line) as AgentAnswer;
  } catch {
    return null;
  }
}

/** Rejects when it took too long or the signal aborted; what was asked goes on regardless. */
async function bounded<T>(
  work: Promise<T>,
  withinMs: number,
  signal: AbortSignal,
  what: string,
): Promise<T> {
  const stop = new AbortController();
  const any = AbortSignal.any([signal, stop.signal]);
  const late = sleep(withinMs, undefined, { signal: any }).then(
    () => {
      throw new Error(`${what}: must come within ${withinMs} ms, got nothing`);
    },
    () => {
      throw signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason));
    },
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    late.catch(() => {});
    stop.abort();
  }
}
