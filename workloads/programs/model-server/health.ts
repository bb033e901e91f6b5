import type { Log } from "../shared/log.ts";
import { Canary, type CanaryResult } from "./canary.ts";
import type { Config } from "./config.ts";
import type { Inference } from "./inference.ts";
import type { ModelManager } from "./model-manager.ts";
import { type Answer, jsonAnswer } from "./status.ts";

/** How often the idle loop looks whether it must run a canary. */
const IDLE_LOOK_MS = 100;

export interface HealthParts {
  readonly config: Config;
  readonly manager: ModelManager;
  readonly inference: Inference;
  readonly log: Log;
  readonly onCanary: (result: CanaryResult) => void;
  /** Told once, when the watchdog gives up on the worker. */
  readonly onWatchdog: (reason: string) => void;
}

/**
 * Readiness by a bounded canary inference that checks values, liveness by progress: the age of the
 * last inference that returned, of whoever. While nobody asks anything a canary keeps it young.
 * Wrong values are progress: they take the server out of rotation, a restart would not mend them.
 */
export class Health {
  readonly #of: HealthParts;
  readonly #canary: Canary;
  #misses = 0;
  #draining = false;
  #hung = false;
  #ready = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(of: HealthParts) {
    this.#of = of;
    this.#canary = new Canary({
      run: (options) => of.inference.runUrgent(options),
      models: () => of.manager.served,
      deadlineMs: of.config.canaryDeadlineMs,
      reuseMs: of.config.canaryReuseMs,
      onResult: (result) => this.#take(result),
    });
  }

  /** As of the last look: for metrics. */
  get isReady(): boolean {
    return this.#ready;
  }

  start(): void {
    this.#timer = setInterval(() => this.#whenIdle(), IDLE_LOOK_MS);
  }
  stop(): void {
    clearInterval(this.#timer);
  }

  /** From now on not ready, for good. */
  drain(): void {
    this.#draining = true;
    this.#tellReady(false, "draining");
  }

  async ready(): Promise<Answer> {
    const before = this.#whyNot();
    const canary = before === null ? await this.#canary.check() : null;
    const why = before ?? this.#whyNot() ?? (canary?.ok ? null : (canary?.why ?? "no canary"));
    this.#tellReady(why === null, why ?? "");
    const version = this.#of.manager.find(null)?.version ?? null;
    const body = { ready: why === null, why, model: this.#of.config.modelName, version, canary };
    return jsonAnswer(body, why === null ? 200 : 503);
  }

  live(): Answer {
    const { config, manager, inference } = this.#of;
    const ageMs = Math.round(performance.now() - inference.lastSuccessMs);
    // A load is no inference: until the first version is there its own limit counts.
    const limitMs = manager.find(null) ? config.liveLimitMs : this.#loadLimitMs();
    const live = ageMs <= limitMs && !this.#hung;
    const body = { live, lastSuccessAgeMs: ageMs, limitMs, hung: this.#hung };
    return jsonAnswer(body, live ? 200 : 503);
  }

  #loadLimitMs(): number {
    return this.#of.config.loadLimitMs + this.#of.config.liveLimitMs;
  }

  #whyNot(): string | null {
    if (this.#draining) return "draining";
    if (this.#hung) return "watchdog: the inference worker hangs";
    if (this.#of.manager.find(null) === null) return "no version is available";
    return this.#of.manager.settled ? null : "not every version that is wanted was tried";
  }

  #whenIdle(): void {
    const { config, manager, inference } = this.#of;
    const idleMs = performance.now() - inference.lastSuccessMs;
    if (manager.find(null) && idleMs >= config.canaryIdleMs) void this.#canary.checkNow();
  }

  #take(result: CanaryResult): void {
    const { config, log } = this.#of;
    this.#of.onCanary(result);
    if (!result.ok) {
      log("canary-failed", { why: result.why, detail: result.detail });
      this.#tellReady(false, result.why);
    }
    this.#misses = !result.ok && result.why === "deadline" ? this.#misses + 1 : 0;
    if (!config.watchdog || this.#hung || this.#misses < config.watchdogMisses) return;
    this.#hung = true;
    this.#tellReady(false, "watchdog");
    this.#of.onWatchdog(
      `the inference worker hangs: ${this.#misses} canaries in a row without an answer within ${config.canaryDeadlineMs} ms`,
    );
  }

  #tellReady(ready: boolean, why: string): void {
    if (ready === this.#ready) return;
    this.#ready = ready;
    this.#of.log("readiness", { ready, ...(why === "" ? {} : { why }) });
  }
}
