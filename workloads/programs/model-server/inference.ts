import { type ChildProcess, fork } from "node:child_process";
import { type Joining, RunQueue, type RunOptions, type StartedRun } from "./run-queue.ts";
import { StatusError } from "./status.ts";
import type { Provider, WorkerAnswer, WorkerAsk } from "./worker-protocol.ts";

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
/** How often it is looked whether a version is still in use. */
const USE_LOOK_MS = 5;

type Body<T> = T extends { readonly id: number } ? Omit<T, "id"> : never;
type Ask = Body<WorkerAsk>;
type Answer = Extract<WorkerAnswer, { ok: true }>;

interface Call {
  readonly ask: Ask;
  readonly settle: (outcome: Answer | Error) => void;
}

/** The worker said that its device does not answer at all. */
export class DeviceGone extends Error {}

/** How the worker ended although nobody asked it to. */
export interface WorkerEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

interface InferenceOptions {
  readonly queueMax: number;
  readonly deadlineMs: number;
  readonly joining: Joining | null;
  readonly onRun: (run: StartedRun) => void;
  /** A run that the worker has answered, canaries and warm-up too. */
  readonly onRan: (provider: Provider) => void;
  readonly onWorkerEnd: (end: WorkerEnd) => void;
}

/**
 * The server's side of the worker process: a queue in front of it, and the calls that it has.
 * A run that reached the worker has no deadline: a native call cannot be taken back.
 */
export class Inference {
  readonly #onWorkerEnd: (end: WorkerEnd) => void;
  readonly #onRan: (provider: Provider) => void;
  readonly #queue: RunQueue;
  #worker: ChildProcess;
  #ids = 0;
  readonly #inFlight = new Map<number, Call>();
  #lastSuccessMs: number;

  constructor(of: InferenceOptions) {
    const { queueMax, deadlineMs, joining, onRun } = of;
    this.#onWorkerEnd = of.onWorkerEnd;
    this.#onRan = of.onRan;
    this.#queue = new RunQueue({
      queueMax,
      deadlineMs,
      runsMax: IN_FLIGHT_MAX,
      joining,
      run: (run) => this.runUrgent(run),
      onRun,
      clock: {
        nowMs: () => performance.now(),
        after: (delayMs, wake) => {
          const timer = setTimeout(wake, delayMs);
          return () => clearTimeout(timer);
        },
      },
    });
    this.#lastSuccessMs = performance.now();
    this.#worker = this.#start();
  }

  /** Requests that wait for the worker. */
  get waiting(): number {
    return this.#queue.waiting;
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

  /** A request that waits for its turn; how it may end otherwise: RunQueue.add. */
  run(run: RunOptions): Promise<Float32Array> {
    return this.#queue.add(run);
  }

  /** Rows that wait for nothing but the calls that the worker has; the caller bounds these. */
  async runUrgent({ version, rows, input }: RunOptions): Promise<Float32Array> {
    const { output, provider } = await this.#call({ do: "run", version, rows, input });
    if (provider) this.#onRan(provider);
    if (!output) throw new StatusError("INTERNAL", "The inference worker gave no output");
    this.#lastSuccessMs = performance.now();
    return output;
  }

  /** Rejects with DeviceGone or a StatusError. */
  async load(version: number, path: string): Promise<void> {
    await this.#call({ do: "load", version, path });
  }
  /**
   * Once nobody uses the version any more, or after `limitMs`; the caller sees to it that no new
   * request asks for it.
   */
  async unload(version: number, limitMs: number): Promise<void> {
    const endMs = performance.now() + limitMs;
    while (this.#isUsed(version) && performance.now() < endMs) {
      await new Promise((resolve) => setTimeout(resolve, USE_LOOK_MS));
    }
    await this.#call({ do: "unload", version });
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
      this.#onWorkerEnd({ code, signal });
    });
    return worker;
  }

  #isUsed(version: number): boolean {
    const runs = [...this.#inFlight.values()].some(
      ({ ask }) => ask.do === "run" && ask.version === version,
    );
    return runs || this.#queue.isWaitedFor(version);
  }

  #call(ask: Ask): Promise<Answer> {
    const id = ++this.#ids;
    return new Promise((resolve, reject) => {
      const settle = (outcome: Answer | Error): void => {
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      };
      this.#inFlight.set(id, { ask, settle });
      this.#worker.send({ ...ask, id } satisfies WorkerAsk, () => {});
    });
  }

  #take(answer: WorkerAnswer): void {
    const call = this.#inFlight.get(answer.re);
    if (!call) return;
    this.#inFlight.delete(answer.re);
    if (answer.ok) call.settle(answer);
    else if (answer.deviceGone) call.settle(new DeviceGone(answer.message));
    else call.settle(new StatusError(answer.code, answer.message));
  }

  #settleAll(error: StatusError): void {
    this.#queue.clear(error);
    const calls = [...this.#inFlight.values()];
    this.#inFlight.clear();
    for (const call of calls) call.settle(error);
  }
}
