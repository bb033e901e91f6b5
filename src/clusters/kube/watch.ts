import type { IncomingMessage } from "node:http";
import { messageOf } from "../../model/error.ts";
import { numberAt, textAt, type KubeObject } from "../../model/json.ts";
import type { Api, WatchChange } from "../../ports/api.ts";
import type { Connection } from "./connection.ts";
import { LineSplitter } from "./lines.ts";
import { pause, withinMs } from "./time-limit.ts";

/**
 * A watch that went silent looks like one without changes, so each stream is asked to end after
 * `windowS`: one that has not ended `graceMs` later has stalled. Between two streams there may be
 * `seamMs` at most; a longer seam is a gap, for what happened in it is told late.
 */
export interface WatchTimes {
  /** Default 10 s. */
  readonly windowS: number;
  /** Default 3,000. */
  readonly graceMs: number;
  /** Default 300. */
  readonly seamMs: number;
  /** First and longest wait before the next try. Default 50 and 2,000. */
  readonly backoffMs: readonly [number, number];
}
const TIMES: WatchTimes = { windowS: 10, graceMs: 3_000, seamMs: 300, backoffMs: [50, 2_000] };
/** How long after its start a stream may still be telling what happened before it. */
const BACKLOG_MS = 1_000;
const MAX_LINE_BYTES = 8 * 2 ** 20;

interface WatchOptions {
  readonly connection: Connection;
  readonly list: (
    signal: AbortSignal,
  ) => Promise<{ readonly items: readonly KubeObject[]; readonly version: string }>;
  readonly path: string;
  readonly on: Parameters<Api["watch"]>[1];
  readonly signal: AbortSignal;
  readonly times: Partial<WatchTimes>;
}

/** A listener that threw is a defect of ours, not a broken watch. */
class ListenerFailed extends Error {}

/** List, follow, and from the start again whenever following may have missed something. */
export class WatchLoop {
  readonly #of: WatchOptions;
  readonly #times: WatchTimes;
  readonly #known = new Map<string, KubeObject>();
  #aliveMs = performance.now();
  #version = "";
  #staleUntilMs = 0;
  #followed = false;
  #blind = false;

  constructor(of: WatchOptions) {
    this.#of = of;
    this.#times = { ...TIMES, ...of.times };
  }

  async run(): Promise<void> {
    const { signal, on } = this.#of;
    const [firstMs, longestMs] = this.#times.backoffMs;
    let waitMs = firstMs;
    while (!signal.aborted) {
      const why = await this.#cycle();
      if (signal.aborted) return;
      if (!this.#blind) on.gap(why, performance.now() - this.#aliveMs);
      this.#blind = true;
      if (this.#followed) waitMs = firstMs;
      await pause(waitMs, signal);
      waitMs = Math.min(waitMs * 2, longestMs);
    }
  }

  /** Resolves with why it is over. */
  async #cycle(): Promise<string> {
    this.#followed = false;
    try {
      await this.#relist();
      this.#blind = false;
      for (let first = true; ; first = false) await this.#follow(first);
    } catch (error) {
      if (error instanceof ListenerFailed) throw error.cause;
      return messageOf(error);
    }
  }

  async #relist(): Promise<void> {
    await this.#of.connection.config();
    const askedMs = performance.now();
    const { items, version } = await this.#of.list(this.#of.signal);
    const gone = new Map(this.#known);
    for (const object of items) {
      const key = keyOf(object);
      const before = this.#known.get(key);
      gone.delete(key);
      if (before !== undefined && uidOf(before) !== uidOf(object)) {
        this.#tell("DELETED", before, true);
        this.#tell("ADDED", object, true);
      } else if (before === undefined || versionOf(before) !== versionOf(object)) {
        this.#tell(before === undefined ? "ADDED" : "MODIFIED", object, true);
      }
    }
    for (const object of gone.values()) this.#tell("DELETED", object, true);
    this.#version = version;
    // The list stands for a moment after it was asked for; its answer may have been slow.
    this.#aliveMs = askedMs;
  }

  /** One stream; returns when the server ended it in time, throws when changes may be missing. */
  async #follow(first: boolean): Promise<void> {
    const { windowS, graceMs, seamMs } = this.#times;
    const limitMs = windowS * 1_000 + graceMs;
    const late = (): Error => new Error(`the watch was silent beyond its ${limitMs} ms`);
    await withinMs(limitMs, this.#of.signal, late, async (signal) => {
      const path = this.#path();
      const answer = await this.#of.connection.open({ method: "GET", path }, signal);
      if (answer.statusCode !== 200) {
        answer.resume();
        throw new Error(`the watch was answered with ${answer.statusCode}`);
      }
      const seam = performance.now() - this.#aliveMs;
      if (!first && seam > seamMs) {
        answer.destroy();
        throw new Error(`the watch was open again only after ${Math.round(seam)} ms`);
      }
      if (!first) this.#followed = true;
      this.#aliveMs = performance.now();
      // After a slow start the changes since the list come at once, and late.
      this.#staleUntilMs = seam > seamMs ? this.#aliveMs + BACKLOG_MS : 0;
      await this.#read(answer);
      this.#aliveMs = performance.now();
    });
  }

  #path(): string {
    const { path } = this.#of;
    const query =
      `watch=true&allowWatchBookmarks=true&timeoutSeconds=${this.#times.windowS}` +
      `&resourceVersion=${encodeURIComponent(this.#version)}`;
    return `${path}${path.includes("?") ? "&" : "?"}${query}`;
  }

  async #read(answer: IncomingMessage): Promise<void> {
    const lines = new LineSplitter(MAX_LINE_BYTES);
    for await (const chunk of answer) {
      this.#aliveMs = performance.now();
      for (const line of lines.push(chunk as Buffer)) {
        if (line !== "") this.#line(JSON.parse(line));
      }
    }
    if (lines.rest() !== "") throw new Error("the watch ended inside a line");
  }

  #line(change: unknown): void {
    const type = textAt(change, "type");
    const object = (change as { object: KubeObject }).object;
    if (type === "ERROR") {
      throw new Error(`${numberAt(object, "code") ?? 0}: ${textAt(object, "message")}`);
    }
    this.#version = versionOf(object);
    if (type === "ADDED" || type === "MODIFIED" || type === "DELETED") {
      this.#tell(type, object, this.#aliveMs < this.#staleUntilMs);
    }
  }

  #tell(type: WatchChange["type"], object: KubeObject, stale: boolean): void {
    if (type === "DELETED") this.#known.delete(keyOf(object));
    else this.#known.set(keyOf(object), object);
    try {
      this.#of.on.take({ type, object, stale });
    } catch (error) {
      throw new ListenerFailed("take threw", { cause: error });
    }
  }
}

const keyOf = (object: KubeObject): string =>
  `${object.metadata.namespace ?? ""}/${object.metadata.name}`;
const uidOf = (object: KubeObject): string => textAt(object, "metadata", "uid");
const versionOf = (object: KubeObject): string => textAt(object, "metadata", "resourceVersion");
