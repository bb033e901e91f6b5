import type { HeldNow } from "../model/agent-protocol.ts";
import { artifactPathProblem } from "../model/artifact.ts";
import type { Effect, Held, Lease } from "../model/effect.ts";
import { happensOnce } from "../model/effect-facts.ts";
import type { Event, EventBody } from "../model/event.ts";
import type { Us } from "../model/quantity.ts";
import type { Request, Sample } from "../model/request.ts";
import type { Clock } from "../ports/clock.ts";
import type { Injector } from "../ports/injector.ts";
import type { Log } from "../ports/log.ts";
import type { VirtualClock } from "./virtual-clock.ts";

/**
 * `full`: rejects and forgets. `full-kept`: rejects, but this process remembers. `hung`: never
 * answers, and remembers.
 */
export type DiskTrouble = "full" | "full-kept" | "hung";

/** A log in memory whose disk may get into trouble after so many events. */
export class MemoryLog implements Log {
  /** All that was asked for, whether or not it got anywhere. */
  readonly attempts: EventBody[] = [];
  /** What a fresh process would find. */
  readonly disk: Event[] = [];
  readonly documents = new Map<string, unknown>();
  readonly artifacts = new Map<string, string>();
  readonly requests: Request[] = [];
  readonly samples: Sample[] = [];
  readonly #memory: Event[] = [];
  readonly #clock: Clock;
  readonly #trouble: { readonly after: number; readonly as: DiskTrouble } | null;

  constructor(
    clock: Clock,
    trouble: { readonly after: number; readonly as: DiskTrouble } | null = null,
  ) {
    this.#clock = clock;
    this.#trouble = trouble;
  }

  async append(body: EventBody): Promise<void> {
    this.attempts.push(body);
    const event: Event = { atUs: this.#clock.nowUs(), ...body };
    const trouble = this.#trouble && this.disk.length >= this.#trouble.after ? this.#trouble : null;
    if (trouble?.as !== "full") this.#memory.push(event);
    if (trouble?.as === "hung") await new Promise<never>(() => {});
    await Promise.resolve();
    if (trouble) throw new Error("ENOSPC: no space left on device");
    this.disk.push(event);
  }

  events(): readonly Event[] {
    return this.#memory;
  }

  async write(name: string, data: unknown): Promise<void> {
    await Promise.resolve();
    this.documents.set(name, data);
  }

  async artifact(path: string, text: string): Promise<void> {
    await Promise.resolve();
    const problem = artifactPathProblem(path);
    if (problem !== null) throw new Error(problem);
    this.artifacts.set(path, text);
  }

  request(request: Request): void {
    this.requests.push(request);
  }

  sample(sample: Sample): void {
    this.samples.push(sample);
  }

  async close(): Promise<void> {
    await Promise.resolve();
  }
}

/** What a fake does to one call: null is nothing, and all is well. */
export type Trouble = "throws" | "hangs" | "deaf" | null;

export interface FakeInjectorOptions {
  /** Asked once a call. `hangs` minds its signal, `deaf` does not. */
  readonly trouble?: (what: "start" | "stop" | "renew", ids: readonly string[]) => Trouble;
  /** How long a call takes. A start whose caller gave up still lands then. Default 100 ms. */
  readonly takesMs?: (what: "start" | "stop" | "renew") => number;
  /** False: stop is no tombstone, as a wrong injector would have it. */
  readonly tombstone?: boolean;
  readonly accepts?: Injector["accepts"];
  /** Told of every start and stop that reached the holder. */
  readonly onCall?: (what: "start" | "stop" | "renew", ids: readonly string[]) => void;
  /** Acknowledges and does nothing. */
  readonly idle?: boolean;
}

/** Holds effects in memory, on a virtual clock. No lease: only a stop ends what it holds. */
export class FakeInjector implements Injector {
  readonly name = "fake";
  readonly held = new Map<string, HeldNow>();
  readonly stopped = new Set<string>();
  readonly #clock: VirtualClock;
  readonly #options: FakeInjectorOptions;

  constructor(clock: VirtualClock, options: FakeInjectorOptions = {}) {
    this.#clock = clock;
    this.#options = options;
  }

  accepts(effect: Effect): ReturnType<Injector["accepts"]> {
    return this.#options.accepts?.(effect) ?? { means: "memory" };
  }

  async start(held: Held, lease: Lease, signal: AbortSignal): Promise<Us> {
    const landsMs = this.#called("start", [held.id]);
    this.#clock.at(landsMs, () => this.#land(held, lease));
    await this.#take("start", { ids: [held.id], endMs: landsMs }, signal);
    if (this.stopped.has(held.id)) throw new Error(`${held.id} was stopped before`);
    return this.#clock.nowUs();
  }

  #land(held: Held, lease: Lease): void {
    const refused = this.stopped.has(held.id) && this.#options.tombstone !== false;
    if (refused || this.#options.idle === true || happensOnce(held.effect)) return;
    const sinceUs = this.#clock.nowUs();
    this.held.set(held.id, {
      held,
      sinceUs,
      leaseEndsUs: sinceUs + lease.leaseMs * 1_000,
      deadlineUs: sinceUs + lease.deadlineMs * 1_000,
    });
  }

  async renew(ids: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    const endMs = this.#called("renew", ids);
    await this.#take("renew", { ids, endMs }, signal);
    return ids.filter((id) => this.held.has(id));
  }

  async stop(held: Held, signal: AbortSignal): Promise<void> {
    this.stopped.add(held.id);
    const endMs = this.#called("stop", [held.id]);
    await this.#take("stop", { ids: [held.id], endMs }, signal);
    this.held.delete(held.id);
  }

  async list(): Promise<readonly HeldNow[]> {
    await Promise.resolve();
    return [...this.held.values()];
  }

  #called(what: "start" | "stop" | "renew", ids: readonly string[]): number {
    this.#options.onCall?.(what, ids);
    return this.#clock.nowMs() + (this.#options.takesMs?.(what) ?? 100);
  }

  async #take(
    what: "start" | "stop" | "renew",
    of: { readonly ids: readonly string[]; readonly endMs: number },
    signal: AbortSignal,
  ): Promise<void> {
    const trouble = this.#options.trouble?.(what, of.ids) ?? null;
    if (trouble === "deaf") await new Promise<never>(() => {});
    await this.#clock.until(trouble === "hangs" ? Infinity : of.endMs, signal);
    if (trouble === "throws") throw new Error(`${what} failed`);
  }
}
