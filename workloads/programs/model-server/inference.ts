import { type ChildProcess, fork } from "node:child_process";
import { StatusError } from "./status.ts";
import type { WorkerAnswer, WorkerAsk } from "./worker-protocol.ts";

const WORKER = new URL("inference-worker.ts", import.meta.url).pathname;
/** A small heap: tensors live outside of it. */
const WORKER_FLAGS = [
  "--disable-warning=ExperimentalWarning",
  "--max-old-space-size=64",
  "--max-semi-space-size=1",
];
/**
 * Runs handed to the worker at a time; the others wait here, where they can still be taken back.
 */
const IN_FLIGHT_MAX = 2;

type Body<T> = T extends { readonly id: number } ? Omit<T, "id"> : never;
type Ask = Body<WorkerAsk>;
type Answer = Extract<WorkerAnswer, { ok: true }>;

interface Call {
  readonly id: number;
  readonly ask: Ask;
  /** Of those in flight only ordinary runs count against IN_FLIGHT_MAX. */
  readonly counted: boolean;
  readonly settle: (outcome: Answer | Error) => void;
}

/** The worker said that its device does not answer at all. */
export class DeviceGone extends Error {}

export interface RunOptions {
  readonly version: number;
  readonly rows: number;
  readonly input: Float32Array;
  /** Takes the run back while it waits; afterwards its answer is dropped. */
  readonly signal?: AbortSignal;
}

/** How the worker ended although nobody asked it to. */
export interface WorkerEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

/**
 * The server's side of the worker process: a bounded queue in front of it, ids and deadlines.
 * A run that reached the worker has no deadline: a native call cannot be taken back.
 */
export class Inference {
  readonly #options: {
    readonly queueMax: number;
    readonly deadlineMs: number;
    readonly onWorkerEnd: (end: WorkerEnd) => void;
  };
  #worker: ChildProcess;
  #ids = 0;
  readonly #waiting: Call[] = [];
  readonly #inFlight = new Map<number, Call>();
  #lastSuccessMs: number;

  constructor(options: {
    readonly queueMax: number;
    readonly deadlineMs: number;
    readonly onWorkerEnd: (end: WorkerEnd) => void;
  }) {
    this.#options = options;
    this.#lastSuccessMs = performance.now();
    this.#worker = this.#start();
  }

  /** Runs that wait for the worker. */
  get waiting(): number {
    return this.#waiting.length;
  }
  /** Calls that the worker has. */
  get inFlight(): number {
    return this.#inFlight.size;
  }
  /** On performance.now's clock; at first the start of this process. */
  get lastSuccessMs(): number {
    return this.#lastSuccessMs;
  }
  get workerPid(): number | undefined {
    return this.#worker.pid;
  }

  /**
   * One batch. Rejects with a StatusError: UNAVAILABLE when the queue is full, DEADLINE_EXCEEDED
   * when it waited too long, CANCELLED when taken back, or what the runtime said.
   */
  async run({ version, rows, input, signal }: RunOptions): Promise<Float32Array> {
    if (this.#waiting.length >= this.#options.queueMax) {
      const message = `The queue is full: ${this.#options.queueMax} requests wait`;
      throw new StatusError("UNAVAILABLE", message);
    }
    const answer = await this.#call({ do: "run", version, rows, input }, { counted: true, signal });
    return this.#succeeded(answer);
  }

  /** A batch that waits for nothing but the calls that the worker has; the caller bounds these. */
  async runUrgent({ version, rows, input }: RunOptions): Promise<Float32Array> {
    const answer = await this.#call({ do: "run", version, rows, input }, { counted: false });
    return this.#succeeded(answer);
  }

  /** Rejects with DeviceGone or a StatusError. */
  async load(version: number, path: string): Promise<void> {
    await this.#call({ do: "load", version, path }, { counted: false });
  }
  async unload(version: number): Promise<void> {
    await this.#call({ do: "unload", version }, { counted: false });
  }

  /** A fresh worker instead of one that could not load. */
  replaceWorker(): void {
    this.stop();
    this.#worker = this.#start();
  }

  /** Ends the worker at once, also one that hangs. */
  stop(): void {
    this.#worker.removeAllListeners("exit");
    this.#worker.kill("SIGKILL");
    this.#settleAll(new StatusError("UNAVAILABLE", "The inference worker was ended"));
  }

  #start(): ChildProcess {
    const worker = fork(WORKER, [], {
      execArgv: WORKER_FLAGS,
      serialization: "advanced",
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      env: { ...process.env, ORT_DISABLE_TELEMETRY: "1" },
    });
    worker.on("message", (answer) => this.#take(answer as WorkerAnswer));
    // A failed send is followed by the worker's end, which is what is acted on.
    worker.on("error", () => {});
    worker.on("exit", (code, signal) => {
      this.#settleAll(new StatusError("UNAVAILABLE", "The inference worker ended"));
      this.#options.onWorkerEnd({ code, signal });
    });
    return worker;
  }

  #succeeded(answer: Answer): Float32Array {
    if (!answer.output) throw new StatusError("INTERNAL", "The inference worker gave no output");
    this.#lastSuccessMs = performance.now();
    return answer.output;
  }

  #call(
    ask: Ask,
    { counted, signal }: { readonly counted: boolean; readonly signal?: AbortSignal | undefined },
  ): Promise<Answer> {
    const id = ++this.#ids;
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const call: Call = {
        id,
        ask,
        counted,
        settle: (outcome) => {
          clearTimeout(timer);
          signal?.removeEventListener("abort", cancel);
          if (outcome instanceof Error) reject(outcome);
          else resolve(outcome);
        },
      };
      const takeBack = (error: StatusError): void => {
        const place = this.#waiting.indexOf(call);
        if (place < 0) return;
        this.#waiting.splice(place, 1);
        call.settle(error);
      };
      const cancel = (): void => takeBack(new StatusError("CANCELLED", "The caller went away"));
      if (!counted || this.#counted() < IN_FLIGHT_MAX) {
        this.#send(call);
        return;
      }
      this.#waiting.push(call);
      signal?.addEventListener("abort", cancel, { once: true });
      timer = setTimeout(
        () => takeBack(new StatusError("DEADLINE_EXCEEDED", "Deadline exceeded in the queue")),
        this.#options.deadlineMs,
      );
    });
  }

  #counted(): number {
    let count = 0;
    for (const call of this.#inFlight.values()) if (call.counted) count += 1;
    return count;
  }

  #send(call: Call): void {
    this.#inFlight.set(call.id, call);
    this.#worker.send({ ...call.ask, id: call.id } satisfies WorkerAsk, () => {});
  }

  #take(answer: WorkerAnswer): void {
    const call = this.#inFlight.get(answer.re);
    if (!call) return;
    this.#inFlight.delete(answer.re);
    if (answer.ok) call.settle(answer);
    else if (answer.deviceGone) call.settle(new DeviceGone(answer.message));
    else call.settle(new StatusError(answer.code, answer.message));
    while (this.#counted() < IN_FLIGHT_MAX) {
      const next = this.#waiting.shift();
      if (!next) break;
      this.#send(next);
    }
  }

  #settleAll(error: StatusError): void {
    const calls = [...this.#inFlight.values(), ...this.#waiting];
    this.#inFlight.clear();
    this.#waiting.length = 0;
    for (const call of calls) call.settle(error);
  }
}
