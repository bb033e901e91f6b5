import { messageOf } from "../../../src/model/error.ts";
import type { Log } from "../shared/log.ts";
import type { Config } from "./config.ts";
import { DeviceGone, type Inference } from "./inference.ts";
import { ModelFolder, type ModelVersion } from "./model-folder.ts";
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
 * Serves the newest complete version: loads and warms it up, then unloads the one before. A failing
 * load is tried again `loadRetries` times; its version then has ended with an error.
 */
export class ModelManager {
  readonly #config: Config;
  readonly #inference: Inference;
  readonly #log: Log;
  readonly #onGiveUp: (why: GiveUp, message: string) => void;
  readonly #folder: ModelFolder;
  readonly #kept = new Map<number, Kept>();
  #available: ModelVersion | null = null;
  #problems = "";
  #busy = false;
  #timer: NodeJS.Timeout | undefined;
  #firstAvailable: () => void = () => {};

  /** Resolves when a version is available for the first time. */
  readonly whenAvailable: Promise<void>;

  constructor(of: {
    readonly config: Config;
    readonly inference: Inference;
    readonly log: Log;
    readonly onGiveUp: (why: GiveUp, message: string) => void;
  }) {
    this.#config = of.config;
    this.#inference = of.inference;
    this.#log = of.log;
    this.#onGiveUp = of.onGiveUp;
    this.#folder = new ModelFolder(of.config.basePath, of.config.modelName);
    this.whenAvailable = new Promise((resolve) => (this.#firstAvailable = resolve));
  }

  /** The version that is served, or null. */
  get available(): ModelVersion | null {
    return this.#available;
  }

  /** Every version ever seen, newest first. */
  statuses(): readonly VersionStatus[] {
    return [...this.#kept.values()]
      .map((kept) => kept.status)
      .sort((a, b) => b.version - a.version);
  }

  /** Looks at the base path now and then every `pollMs`. */
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
      const { versions, problems } = await this.#folder.scan();
      if (problems.join("; ") !== this.#problems && problems.length > 0) {
        this.#log("model-folder-problem", { problems });
      }
      this.#problems = problems.join("; ");
      const only = this.#config.onlyVersion;
      const wanted = versions.find((each) => only === 0 || each.version === only);
      if (wanted) await this.#aspire(wanted);
    } finally {
      this.#busy = false;
    }
  }

  async #aspire(wanted: ModelVersion): Promise<void> {
    if (this.#available?.version === wanted.version) return;
    let kept = this.#kept.get(wanted.version);
    if (
      !kept ||
      kept.sha256 !== wanted.sha256 ||
      (kept.status.state === "END" && !kept.status.error)
    ) {
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
    const before = this.#available;
    this.#available = wanted;
    this.#set(kept, "AVAILABLE");
    this.#log("model-available", { version, tookMs: tookMs(), sha256: wanted.sha256 });
    this.#firstAvailable();
    if (before) await this.#unload(before.version);
  }

  async #warmUp({ version, expected }: ModelVersion): Promise<void> {
    for (let count = 0; count < this.#config.warmupInferences; count += 1) {
      const { input = [] } = expected.cases[count % expected.cases.length] ?? {};
      await this.#inference.runUrgent({ version, rows: 1, input: Float32Array.from(input) });
    }
  }

  async #unload(version: number): Promise<void> {
    const kept = this.#kept.get(version);
    if (kept) this.#set(kept, "UNLOADING");
    await this.#inference.unload(version, this.#config.requestDeadlineMs);
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
    if (this.#available) return;
    if (error instanceof DeviceGone && !this.#config.strict) {
      this.#onGiveUp("device-gone", message);
    } else if (last) {
      this.#onGiveUp("not-available", message);
    } else {
      this.#inference.replaceWorker();
    }
  }

  #set(kept: Kept, state: VersionState, error: VersionStatus["error"] = null): void {
    const { version } = kept.status;
    kept.status = { version, state, error };
    this.#log("model-state", { version, state, ...(error ? { error } : {}) });
  }
}
