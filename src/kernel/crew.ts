import { EXIT, NinetyError, messageOf, type ExitCode } from "../model/error.ts";
import type { Ms } from "../model/quantity.ts";
import type { Clock } from "../ports/clock.ts";

/** Why a run ends before its time; `code` is that of the error event that tells of it. */
export class RunAborted extends NinetyError {
  readonly code: string;
  constructor(code: string, message: string, options: { exit?: ExitCode; cause?: unknown } = {}) {
    super(message, { exit: EXIT.unknown, ...options });
    this.name = "RunAborted";
    this.code = code;
  }
}

/** What runs beside the loop: load, samplers, the beat, proofs. It ends with the loop. */
export interface Crew {
  /** Aborts when the run is stopped, when a task throws, and at the end. */
  readonly signal: AbortSignal;
  spawn(task: (signal: AbortSignal) => Promise<void>): void;
  /** Ends all tasks and waits for them, at most `withinMs`; names none that is still busy. */
  end(withinMs: Ms): Promise<void>;
}

/** `stop`: aborted by whoever wants the run to end, with a RunAborted as its reason. */
export function createCrew(clock: Clock, stop: AbortSignal): Crew {
  const life = new AbortController();
  const tasks = new Set<Promise<void>>();
  const abort = (reason: unknown): void => {
    if (!life.signal.aborted) life.abort(reason);
  };
  if (stop.aborted) abort(stop.reason);
  stop.addEventListener("abort", () => abort(stop.reason), { once: true });
  return {
    signal: life.signal,
    spawn(task) {
      const running: Promise<void> = task(life.signal)
        .catch((error: unknown) => abort(error))
        .finally(() => tasks.delete(running));
      tasks.add(running);
    },
    async end(withinMs) {
      abort(new RunAborted("ended", "the run is over"));
      await within(clock.deadline(withinMs), Promise.all(tasks)).catch(() => {});
    },
  };
}

/** The result of `work`, or the signal's reason once it aborts, should `work` be deaf to it. */
export function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

/** Bounds `work` by its own time and by `parent`; too late is told as `what took longer than …`. */
export async function bounded<T>(
  clock: Clock,
  of: { readonly what: string; readonly forMs: Ms; readonly parent?: AbortSignal },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const signal = clock.deadline(of.forMs, of.parent);
  try {
    return await within(signal, work(signal));
  } catch (error) {
    if (!signal.aborted || of.parent?.aborted || error instanceof NinetyError) throw error;
    throw new NinetyError(`${of.what} must end within ${of.forMs / 1_000} s, it did not`, {
      exit: EXIT.unknown,
      cause: error,
    });
  }
}

/** What ended the run, as the event that the record keeps. */
export function errorEvent(error: unknown): { type: "error"; code: string; message: string } {
  const code = error instanceof RunAborted ? error.code : "failed";
  return { type: "error", code, message: messageOf(error) };
}
