import { messageOf } from "../../../src/model/error.ts";
import type { RunOptions } from "./run-queue.ts";
import type { ModelVersion } from "./model-folder.ts";

/** What became of the last bounded inference with a known answer. */
export type CanaryResult =
  | { readonly ok: true; readonly tookMs: number; readonly version: number }
  | {
      readonly ok: false;
      readonly why: "deadline" | "error" | "wrong-values" | "no-model";
      readonly detail: string;
    };

/** The largest difference of any number; infinite where one is not a number or is missing. */
export function worstDifference(actual: Float32Array, expected: readonly number[]): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  const worst = Math.max(...expected.map((value, index) => Math.abs(value - (actual[index] ?? 0))));
  return Number.isFinite(worst) ? worst : Number.POSITIVE_INFINITY;
}

/**
 * One inference at a time of each version, with an answer that is known, past the queue of the
 * callers, so that overload alone does not fail it. One that missed its deadline stays in flight.
 */
export class Canary {
  readonly #run: (options: RunOptions) => Promise<Float32Array>;
  readonly #models: () => readonly ModelVersion[];
  readonly #deadlineMs: number;
  readonly #reuseMs: number;
  readonly #onResult: (result: CanaryResult) => void;
  #rounds = 0;
  #inFlight: Promise<CanaryResult> | null = null;
  #check: Promise<CanaryResult> | null = null;
  #last: { readonly result: CanaryResult; readonly atMs: number } | null = null;

  constructor(of: {
    readonly run: (options: RunOptions) => Promise<Float32Array>;
    /** The versions that must work, newest first. */
    readonly models: () => readonly ModelVersion[];
    readonly deadlineMs: number;
    readonly reuseMs: number;
    readonly onResult: (result: CanaryResult) => void;
  }) {
    this.#run = of.run;
    this.#models = of.models;
    this.#deadlineMs = of.deadlineMs;
    this.#reuseMs = of.reuseMs;
    this.#onResult = of.onResult;
  }

  /** The last result if it is fresh enough, else a new one; at most `deadlineMs` away. */
  check(): Promise<CanaryResult> {
    if (this.#last && performance.now() - this.#last.atMs <= this.#reuseMs) {
      return Promise.resolve(this.#last.result);
    }
    return this.checkNow();
  }

  /** A result that is not older than this call. */
  checkNow(): Promise<CanaryResult> {
    this.#check ??= this.#attempt().finally(() => (this.#check = null));
    return this.#check;
  }

  async #attempt(): Promise<CanaryResult> {
    this.#inFlight ??= this.#infer().finally(() => (this.#inFlight = null));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<CanaryResult>((resolve) => {
      const detail = `no answer within ${this.#deadlineMs} ms`;
      const miss = (): void => resolve({ ok: false, why: "deadline", detail });
      // An answer that came while this process was held up is taken first: under overload the
      // timer runs out before what has arrived was read.
      timer = setTimeout(() => setImmediate(() => setImmediate(miss)), this.#deadlineMs);
    });
    const result = await Promise.race([this.#inFlight, late]);
    clearTimeout(timer);
    this.#last = { result, atMs: performance.now() };
    this.#onResult(result);
    return result;
  }

  async #infer(): Promise<CanaryResult> {
    const models = this.#models();
    const [newest] = models;
    if (!newest) return { ok: false, why: "no-model", detail: "no version is available" };
    const startMs = performance.now();
    this.#rounds += 1;
    for (const model of models) {
      // Unloaded while the one before it was asked.
      if (!this.#models().includes(model)) continue;
      const failure = await this.#askOne(model);
      if (failure) return failure;
    }
    return { ok: true, tookMs: performance.now() - startMs, version: newest.version };
  }

  async #askOne({ version, expected }: ModelVersion): Promise<CanaryResult | null> {
    const round = this.#rounds % expected.cases.length;
    const { input = [], output = [] } = expected.cases[round] ?? {};
    try {
      const actual = await this.#run({ version, rows: 1, input: Float32Array.from(input) });
      const difference = worstDifference(actual, output);
      if (difference <= expected.tolerance) return null;
      const detail = `case ${round} of version ${version}: off by ${difference}, at most ${expected.tolerance}`;
      return { ok: false, why: "wrong-values", detail };
    } catch (error) {
      return { ok: false, why: "error", detail: messageOf(error) };
    }
  }
}
