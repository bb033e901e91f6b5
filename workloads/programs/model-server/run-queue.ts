import { StatusError } from "./status.ts";

/** Rows for one version of the model. */
export interface RunOptions {
  readonly version: number;
  readonly rows: number;
  readonly input: Float32Array;
  /** Takes the run back while it waits; afterwards its answer is dropped. */
  readonly signal?: AbortSignal;
}

/** How requests are joined: at most `rowsMax` rows a run, which waits at most `delayMs` for more. */
export interface Joining {
  readonly rowsMax: number;
  readonly delayMs: number;
}

/** A run that the worker was given. */
export interface StartedRun {
  readonly version: number;
  readonly rows: number;
  /** How long each of its requests waited. */
  readonly waitsMs: readonly number[];
}

export interface RunQueueOptions {
  /** Requests that may wait; more are shed. */
  readonly queueMax: number;
  /** How long a request may wait; one that the worker has cannot be taken back. */
  readonly deadlineMs: number;
  /** Runs that the worker is given at a time. */
  readonly runsMax: number;
  /** null: each request is a run of its own. */
  readonly joining: Joining | null;
  readonly run: (run: RunOptions) => Promise<Float32Array>;
  readonly onRun: (run: StartedRun) => void;
  readonly clock: {
    readonly nowMs: () => number;
    /** Calls back after so long; returns how to call it off. */
    readonly after: (delayMs: number, wake: () => void) => () => void;
  };
}

interface Waiting {
  readonly version: number;
  readonly rows: number;
  readonly input: Float32Array;
  readonly sinceMs: number;
  /** From now on neither its deadline nor its caller's end takes it out. */
  readonly hold: () => void;
  readonly settle: (outcome: Float32Array | Error) => void;
}

/**
 * The requests of the next run, oldest first; none while no run is full or old enough. Requests of
 * one version keep their order: a run is full when the next request does not fit.
 */
export function dueRun<T extends Pick<Waiting, "version" | "rows" | "sinceMs">>(
  waiting: readonly T[],
  nowMs: number,
  { rowsMax, delayMs }: Joining,
): readonly T[] {
  const runs = new Map<number, { readonly members: T[]; rows: number; full: boolean }>();
  for (const one of waiting) {
    const run = runs.get(one.version) ?? { members: [], rows: 0, full: false };
    runs.set(one.version, run);
    run.full ||= run.rows + one.rows > rowsMax;
    if (run.full) continue;
    run.members.push(one);
    run.rows += one.rows;
    run.full = run.rows === rowsMax;
  }
  // In the order of their oldest requests: no version waits for ever behind another.
  for (const { members, full } of runs.values()) {
    if (full || nowMs - (members[0]?.sinceMs ?? nowMs) >= delayMs) return members;
  }
  return [];
}

/**
 * Requests in front of the worker: a bounded queue with deadlines. They wait one by one, also where
 * they are to be joined, so that each can be shed, be late or be taken back until its run starts.
 */
export class RunQueue {
  readonly #of: RunQueueOptions;
  #waiting: Waiting[] = [];
  #runs = 0;
  #forgetWake: () => void = () => {};

  constructor(of: RunQueueOptions) {
    this.#of = of;
  }

  get waiting(): number {
    return this.#waiting.length;
  }
  isWaitedFor(version: number): boolean {
    return this.#waiting.some((one) => one.version === version);
  }

  /**
   * Rejects with a StatusError: INVALID_ARGUMENT for more rows than a run may have, UNAVAILABLE
   * when the queue is full, DEADLINE_EXCEEDED when it waited too long, CANCELLED when taken back,
   * or what the run said.
   */
  async add({ version, rows, input, signal }: RunOptions): Promise<Float32Array> {
    const { queueMax, joining, clock } = this.#of;
    if (joining && rows > joining.rowsMax) {
      const message = `Task size ${rows} is larger than maximum input batch size ${joining.rowsMax}`;
      throw new StatusError("INVALID_ARGUMENT", message);
    }
    if (signal?.aborted) throw goneError();
    if (this.#waiting.length >= queueMax) {
      throw new StatusError("UNAVAILABLE", `The queue is full: ${queueMax} requests wait`);
    }
    const output = new Promise<Float32Array>((resolve, reject) => {
      const hold = (): void => {
        forgetDeadline();
        signal?.removeEventListener("abort", cancel);
      };
      const settle = (outcome: Float32Array | Error): void => {
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      };
      const one = { version, rows, input, sinceMs: clock.nowMs(), hold, settle };
      const cancel = (): void => this.#takeBack(one, goneError());
      const forgetDeadline = clock.after(this.#of.deadlineMs, () =>
        this.#takeBack(one, new StatusError("DEADLINE_EXCEEDED", "Deadline exceeded in the queue")),
      );
      signal?.addEventListener("abort", cancel, { once: true });
      this.#waiting.push(one);
    });
    this.#dispatch();
    return output;
  }

  /** Everything that waits is told this. */
  clear(error: StatusError): void {
    for (const one of this.#waiting.splice(0)) {
      one.hold();
      one.settle(error);
    }
    this.#dispatch();
  }

  #takeBack(one: Waiting, error: StatusError): void {
    const place = this.#waiting.indexOf(one);
    if (place < 0) return;
    this.#waiting.splice(place, 1);
    one.hold();
    one.settle(error);
    this.#dispatch();
  }

  #dispatch(): void {
    const { runsMax, joining, clock } = this.#of;
    this.#forgetWake();
    this.#forgetWake = () => {};
    while (this.#runs < runsMax) {
      const members = joining
        ? dueRun(this.#waiting, clock.nowMs(), joining)
        : this.#waiting.slice(0, 1);
      if (members.length === 0) break;
      void this.#start(members);
    }
    const [oldest] = this.#waiting;
    if (!oldest || !joining || this.#runs >= runsMax) return;
    const dueMs = oldest.sinceMs + joining.delayMs - clock.nowMs();
    this.#forgetWake = clock.after(Math.max(0, dueMs), () => this.#dispatch());
  }

  async #start(members: readonly Waiting[]): Promise<void> {
    const { run, onRun, clock } = this.#of;
    const started = new Set(members);
    this.#waiting = this.#waiting.filter((one) => !started.has(one));
    this.#runs += 1;
    for (const one of members) one.hold();
    const version = members[0]?.version ?? 0;
    const rows = members.reduce((sum, one) => sum + one.rows, 0);
    const nowMs = clock.nowMs();
    onRun({ version, rows, waitsMs: members.map(({ sinceMs }) => nowMs - sinceMs) });
    try {
      const output = await run({ version, rows, input: joined(members) });
      const columns = output.length / rows;
      let row = 0;
      for (const one of members) {
        one.settle(output.subarray(row * columns, (row + one.rows) * columns));
        row += one.rows;
      }
    } catch (error) {
      const told = error instanceof Error ? error : new Error(String(error));
      for (const one of members) one.settle(told);
    } finally {
      this.#runs -= 1;
      this.#dispatch();
    }
  }
}

function joined(members: readonly Waiting[]): Float32Array {
  const [only] = members;
  if (only && members.length === 1) return only.input;
  const input = new Float32Array(members.reduce((sum, one) => sum + one.input.length, 0));
  let place = 0;
  for (const one of members) {
    input.set(one.input, place);
    place += one.input.length;
  }
  return input;
}

function goneError(): StatusError {
  return new StatusError("CANCELLED", "The caller went away");
}
