import { messageOf } from "../../../src/model/error.ts";
import type { Log } from "../shared/log.ts";
import type { Config } from "./config.ts";
import { DeviceGone, type Inference } from "./inference.ts";
import type { ModelVersion } from "./model-folder.ts";
import type { ModelSource } from "./model-source.ts";
import { StatusError } from "./status.ts";

export type VersionState = "START" | "LOADING" | "AVAILABLE" | "UNLOADING" | "END";

/** What is told of a version; states are kept after the end, as TensorFlow Serving does. */
export interface VersionStatus {
  readonly version: number;
  readonly state: VersionState;
  readonly error: { readonly code: string; readonly message: string } | null;
}

interface Kept {
  status: VersionStatus;
  readonly sha256: string;
  attempts: number;
  nextTryMs: number;
}

/** Why no version will become available. */
export type GiveUp = "device-gone" | "not-available";

/**
 * Serves the versions that its source wants: loads and warms up what is missing, newest first, lets
 * labels point at it, then unloads what is not wanted any more. A failing load is tried again
 * `loadRetries` times; its version then has ended with an error.
 */
export class ModelManager {
  readonly #config: Config;
  readonly #inference: Inference;
  readonly #log: Log;
  readonly #onGiveUp: (why: GiveUp, message: string) => void;
  readonly #source: ModelSource;
  readonly #kept = new Map<number, Kept>();
  readonly #served = new Map<number, ModelVersion>();
  readonly #labels = new Map<string, number>();
  #wanted: readonly number[] = [];
  #refused = "";
  #busy = false;
  #settled = false;
  #timer: NodeJS.Timeout | undefined;
  #firstSettled: () => void = () => {};

  /** Resolves when it is settled for the first time. */
  readonly whenSettled: Promise<void>;

  constructor(of: {
    readonly config: Config;
    readonly source: ModelSource;
    readonly inference: Inference;
    readonly log: Log;
    readonly onGiveUp: (why: GiveUp, message: string) => void;
  }) {
    this.#config = of.config;
    this.#source = of.source;
    this.#inference = of.inference;
    this.#log = of.log;
    this.#onGiveUp = of.onGiveUp;
    this.whenSettled = new Promise((resolve) => (this.#firstSettled = resolve));
  }

  /** The versions that are served, newest first. */
  get served(): readonly ModelVersion[] {
    return [...this.#served.values()].sort((a, b) => b.version - a.version);
  }
  /** One version of these, or the newest for null; null when it is not served. */
  find(version: number | null): ModelVersion | null {
    return (version === null ? this.served[0] : this.#served.get(version)) ?? null;
  }
  /** Labels in force. */
  get labels(): ReadonlyMap<string, number> {
    return this.#labels;
  }
  /**
   * Whether each version that was wanted at the start is available or has failed to load, and at
   * least one is available: a pod that is Ready before would refuse what it is there for.
   */
  get settled(): boolean {
    return this.#settled;
  }

  /** Every version ever seen, newest first. */
  statuses(): readonly VersionStatus[] {
    return [...this.#kept.values()]
      .map((kept) => kept.status)
      .sort((a, b) => b.version - a.version);
  }

  /** Looks at its source now and then every `pollMs`. */
  start(): void {
    void this.#poll();
    this.#timer = setInterval(() => void this.#poll(), this.#config.pollMs);
  }
  stop(): void {
    clearInterval(this.#timer);
  }

  async #poll(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      const { versions, labels } = await this.#source.look();
      // Nothing that is there is wanted: what is served is better than nothing.
      if (versions.length === 0) return;
      const before = this.#wanted;
      this.#wanted = versions.map(({ version }) => version);
      for (const one of versions) {
        await this.#aspire(one, !before.includes(one.version));
        this.#label(labels);
      }
      this.#tellRefused(labels);
      this.#settle();
      await this.#retire(labels);
    } finally {
      this.#busy = false;
    }
  }

  async #aspire(wanted: ModelVersion, isNew: boolean): Promise<void> {
    if (this.#served.has(wanted.version)) return;
    let kept = this.#kept.get(wanted.version);
    if (!kept || kept.sha256 !== wanted.sha256 || (kept.status.state === "END" && isNew)) {
      kept = {
        status: { version: wanted.version, state: "START", error: null },
        sha256: wanted.sha256,
        attempts: 0,
        nextTryMs: 0,
      };
      this.#kept.set(wanted.version, kept);
    }
    if (kept.status.state === "END" || performance.now() < kept.nextTryMs) return;
    try {
      await this.#load(wanted, kept);
    } catch (error) {
      this.#failed(kept, error);
    }
  }

  async #load(wanted: ModelVersion, kept: Kept): Promise<void> {
    const { version } = wanted;
    const startMs = performance.now();
    const tookMs = (): number => Math.round(performance.now() - startMs);
    this.#set(kept, "LOADING");
    this.#log("model-load-begin", { version, attempt: kept.attempts + 1 });
    await this.#inTime(this.#inference.load(version, wanted.path), "load");
    this.#log("model-loaded", { version, tookMs: tookMs() });
    await this.#inTime(this.#warmUp(wanted), "warm-up");
    this.#served.set(version, wanted);
    this.#set(kept, "AVAILABLE");
    this.#log("model-available", { version, tookMs: tookMs(), sha256: wanted.sha256 });
  }

  async #warmUp({ version, expected }: ModelVersion): Promise<void> {
    for (let count = 0; count < this.#config.warmupInferences; count += 1) {
      const { input = [] } = expected.cases[count % expected.cases.length] ?? {};
      await this.#inference.runUrgent({ version, rows: 1, input: Float32Array.from(input) });
    }
  }

  /**
   * Only to versions that are loaded, as TensorFlow Serving has it; but a label that comes with its
   * version is not refused for ever: it is put on once the version is there.
   */
  #label(wanted: Readonly<Record<string, number>>): void {
    for (const label of this.#labels.keys()) {
      if (wanted[label] === undefined) this.#labels.delete(label);
    }
    for (const [label, version] of Object.entries(wanted)) {
      if (!this.#served.has(version) || this.#labels.get(label) === version) continue;
      this.#labels.set(label, version);
      this.#log("model-label", { label, version });
    }
  }

  #tellRefused(wanted: Readonly<Record<string, number>>): void {
    const refused = Object.values(wanted)
      .filter((version) => !this.#served.has(version))
      .map(
        (version) =>
          `Request to assign label to version ${version} of model ${this.#config.modelName}, which is not currently available for inference`,
      );
    if (refused.join() !== this.#refused && refused.length > 0) {
      this.#log("model-label-refused", { messages: refused });
    }
    this.#refused = refused.join();
  }

  #settle(): void {
    const tried = (version: number): boolean =>
      this.#served.has(version) || (this.#kept.get(version)?.attempts ?? 0) > 0;
    if (this.#settled || this.#served.size === 0 || !this.#wanted.every(tried)) return;
    this.#settled = true;
    this.#firstSettled();
  }

  /** Not before one that is wanted is served, and not while a label waits to move off it. */
  async #retire(labels: Readonly<Record<string, number>>): Promise<void> {
    if (!this.#wanted.some((version) => this.#served.has(version))) return;
    const keep = new Set(this.#wanted);
    for (const [label, version] of this.#labels) {
      if (this.#wanted.includes(labels[label] ?? 0)) keep.add(version);
    }
    for (const version of this.#served.keys()) {
      if (!keep.has(version)) await this.#unload(version);
    }
  }

  async #unload(version: number): Promise<void> {
    const kept = this.#kept.get(version);
    this.#served.delete(version);
    for (const [label, at] of this.#labels) if (at === version) this.#labels.delete(label);
    if (kept) this.#set(kept, "UNLOADING");
    try {
      await this.#inference.unload(version, this.#config.requestDeadlineMs);
    } catch (error) {
      this.#log("model-unload-failed", { version, message: messageOf(error) });
    }
    if (kept) this.#set(kept, "END");
  }

  /** TensorFlow Serving waits for a load without a limit. */
  async #inTime(work: Promise<void>, what: string): Promise<void> {
    if (this.#config.strict) return work;
    const limitMs = this.#config.loadLimitMs;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const error = new StatusError("DEADLINE_EXCEEDED", `${what} took more than ${limitMs} ms`);
      timer = setTimeout(() => reject(error), limitMs);
    });
    try {
      await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #failed(kept: Kept, error: unknown): void {
    const { version } = kept.status;
    const message = messageOf(error);
    const code = error instanceof StatusError ? error.code : "INTERNAL";
    kept.attempts += 1;
    const last = kept.attempts > this.#config.loadRetries;
    kept.nextTryMs = performance.now() + this.#config.loadRetryMs;
    this.#log("model-load-failed", { version, attempt: kept.attempts, last, code, message });
    if (last) this.#set(kept, "END", { code, message });
    if (this.#served.size > 0) return;
    if (error instanceof DeviceGone && !this.#config.strict) {
      this.#onGiveUp("device-gone", message);
      return;
    }
    const ended = this.#wanted.every((one) => this.#kept.get(one)?.status.state === "END");
    if (ended) this.#onGiveUp("not-available", message);
    else this.#inference.replaceWorker();
  }

  #set(kept: Kept, state: VersionState, error: VersionStatus["error"] = null): void {
    const { version } = kept.status;
    kept.status = { version, state, error };
    this.#log("model-state", { version, state, ...(error ? { error } : {}) });
  }
}
