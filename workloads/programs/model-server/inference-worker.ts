/**
 * The process that holds the native runtime and touches the devices. It is a process and not a
 * thread, because a native call that hangs cannot be ended from within: neither process.exit nor
 * worker.terminate return while it runs; only the death of its process ends it.
 */
import { writeSync } from "node:fs";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { messageOf } from "../../../src/model/error.ts";
import { DeviceFolder } from "../shared/device-folder.ts";
import { monotonicUs } from "../shared/log.ts";
import { readConfig } from "./config.ts";
import { distorted, feltState, rowsMaxOf, slowFactorOf, symptomOf } from "./device-symptom.ts";
import { ABORTED, type Provider, type WorkerAnswer, type WorkerAsk } from "./worker-protocol.ts";

/** How soon a blocked worker notices that its server is gone. */
const ORPHAN_CHECK_MS = 500;

const config = readConfig(process.env);
interface Loaded {
  readonly session: InferenceSession;
  /** Loaded without the device, for good: how many times as long its calls take. */
  readonly fallenBackBy: number | null;
}
const sessions = new Map<number, Loaded>();
const devices = config.devices.map((id) => new DeviceFolder(config.deviceFolder, id));
const serverPid = process.ppid;
const startedUs = monotonicUs();
const cell = new Int32Array(new SharedArrayBuffer(4));
/** What every call says since the first one that failed for good. */
let poisonedBy: string | null = null;

type Failure = Omit<Extract<WorkerAnswer, { ok: false }>, "re">;
class CallFailed extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** What the devices do to this call; returns what is left to do to its answer. */
function touchDevices(rows: number | null): "delay" | "distort" | "fall-back" | "nothing" {
  if (devices.length === 0) return "nothing";
  if (poisonedBy !== null) {
    throw new CallFailed({ ok: false, code: "INTERNAL", message: poisonedBy });
  }
  const now = devices.map((device) => device.now());
  const rowsMax = rowsMaxOf(now, config.oomRowsMax);
  const symptom = symptomOf(feltState(now, startedUs), { rows, rowsMax });
  switch (symptom.do) {
    case "die":
      writeSync(2, `F ${symptom.message}\n`);
      return process.exit(ABORTED);
    case "block":
      return blockForever();
    case "fail": {
      const { code, message, deviceGone, poisons } = symptom;
      poisonedBy = poisons ? message : null;
      throw new CallFailed({ ok: false, code, message, deviceGone });
    }
    case "delay":
    case "distort":
    case "fall-back":
    case "nothing":
      break;
  }
  return symptom.do;
}

/**
 * Holds the thread as a hung native call does, but not longer than there is a server to hold up.
 */
function blockForever(): never {
  while (process.ppid === serverPid) Atomics.wait(cell, 0, 0, ORPHAN_CHECK_MS);
  return process.exit(1);
}

const factorNow = (): number =>
  slowFactorOf(
    devices.map((device) => device.now()),
    config.slowFactor,
  );

function delayBlocking(tookMs: number, factor: number): void {
  const delayMs = (factor - 1) * Math.max(tookMs, config.slowBaseMs);
  if (delayMs > 0) Atomics.wait(cell, 0, 0, delayMs);
}

async function load(version: number, path: string): Promise<void> {
  if (config.loadDelayMs > 0) {
    await new Promise((resolve) => setTimeout(resolve, config.loadDelayMs));
  }
  const startMs = performance.now();
  const effect = touchDevices(null);
  const factor = factorNow();
  const session = await InferenceSession.create(path, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: "sequential",
  });
  if (effect === "delay") delayBlocking(performance.now() - startMs, factor);
  sessions.set(version, { session, fallenBackBy: effect === "fall-back" ? factor : null });
}

async function unload(version: number): Promise<void> {
  const loaded = sessions.get(version);
  sessions.delete(version);
  await loaded?.session.release();
}

interface Ran {
  readonly output: Float32Array;
  readonly provider: Provider;
}

async function run(version: number, rows: number, input: Float32Array): Promise<Ran> {
  const loaded = sessions.get(version);
  const session = loaded?.session;
  const [inputName, outputName] = [session?.inputNames[0], session?.outputNames[0]];
  if (!loaded || !session || inputName === undefined || outputName === undefined) {
    const message = `version ${version} is not loaded`;
    throw new CallFailed({ ok: false, code: "NOT_FOUND", message });
  }
  const startMs = performance.now();
  const { fallenBackBy } = loaded;
  // Who computes without the device meets nothing of what it has.
  const effect = fallenBackBy === null ? touchDevices(rows) : "fall-back";
  const tensor = new Tensor("float32", input, [rows, input.length / rows]);
  const result = (await session.run({ [inputName]: tensor }))[outputName];
  if (!(result?.data instanceof Float32Array)) throw new Error("the output is not float32");
  if (effect === "delay" || effect === "fall-back") {
    delayBlocking(performance.now() - startMs, fallenBackBy ?? factorNow());
  }
  return {
    output: effect === "distort" ? distorted(result.data, result.data.length / rows) : result.data,
    provider:
      devices.length === 0 || effect === "fall-back"
        ? "CPUExecutionProvider"
        : "CUDAExecutionProvider",
  };
}

async function perform(ask: WorkerAsk): Promise<WorkerAnswer> {
  const { id } = ask;
  if (ask.do === "run") {
    return { re: id, ok: true, ...(await run(ask.version, ask.rows, ask.input)) };
  }
  await (ask.do === "load" ? load(ask.version, ask.path) : unload(ask.version));
  return { re: id, ok: true };
}

function send(answer: WorkerAnswer): void {
  if (process.connected) process.send?.(answer, undefined, undefined, () => {});
}

function failed(id: number, error: unknown): WorkerAnswer {
  if (error instanceof CallFailed) return { re: id, ...error.failure };
  return { re: id, ok: false, code: "INTERNAL", message: messageOf(error) };
}

process.on("message", (ask: WorkerAsk) => {
  perform(ask).then(send, (error: unknown) => send(failed(ask.id, error)));
});
process.on("disconnect", () => process.exit(0));
// The server decides when it ends: a Ctrl-C in a terminal reaches both.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => {});
