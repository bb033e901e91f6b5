/**
 * A model server with TensorFlow Serving's REST interface. Settings: config.ts. Exit codes: 0 after
 * a drain, 1 device gone at start-up, 3 wrong settings, 134 the worker aborted, 70 ended by the
 * watchdog, 255 strict mode and no version became available.
 */
import { writeFileSync } from "node:fs";
import { NinetyError } from "../../../src/model/error.ts";
import { DEVICE_POLL_MS, DeviceFolder } from "../shared/device-folder.ts";
import { type Log, jsonLog } from "../shared/log.ts";
import { type Config, readConfig } from "./config.ts";
import { feltState } from "./device-symptom.ts";
import { Health } from "./health.ts";
import { HttpServer } from "./http-server.ts";
import { Inference, type WorkerEnd } from "./inference.ts";
import { Metrics } from "./metrics.ts";
import { ModelManager } from "./model-manager.ts";
import { ModelSource } from "./model-source.ts";
import { Rest } from "./rest.ts";
import { ABORTED } from "./worker-protocol.ts";

/** Not a signal's code: nobody asked for this end. */
const WATCHDOG_EXIT = 70;
const STRICT_EXIT = 255;
const log: Log = jsonLog("model-server");

/** Written where the kubelet reads a container's last words, then the end. */
function endBecause(config: Config, reason: string, exitCode: number): never {
  log("fatal", { reason, exitCode });
  try {
    writeFileSync(config.terminationLog, reason);
  } catch {
    // Outside of a container there is no such file.
  }
  return process.exit(exitCode);
}

function workerEnded(config: Config, { code, signal }: WorkerEnd): never {
  const how = signal ? `by ${signal}` : `with code ${code}`;
  const exitCode = signal ? (signal === "SIGKILL" ? 137 : ABORTED) : code || 1;
  return endBecause(config, `the inference worker ended ${how}`, exitCode);
}

function watchDevices(config: Config): DeviceFolder[] {
  const devices = config.devices.map(
    (id) =>
      new DeviceFolder(config.deviceFolder, id, (message) => log("device-unread", { message })),
  );
  const told = new Map<string, string>();
  const look = (): void => {
    for (const device of devices) {
      const { state, signal, symptom, by } = device.now();
      const text = JSON.stringify({ state, signal, symptom, by });
      if (told.get(device.id) !== text) {
        log("device-state", { device: device.id, state, signal, symptom, by });
      }
      told.set(device.id, text);
    }
  };
  look();
  if (devices.length > 0) setInterval(look, DEVICE_POLL_MS);
  return devices;
}

async function serve(config: Config): Promise<void> {
  const source = await ModelSource.open(config, log);
  const inference = new Inference({
    queueMax: config.queueMax,
    deadlineMs: config.requestDeadlineMs,
    joining:
      config.joinRowsMax === 0
        ? null
        : { rowsMax: config.joinRowsMax, delayMs: config.joinDelayMs },
    onRun: (run) => metrics.run(run),
    onRan: (provider) => metrics.ran(provider, config.devices.length > 0),
    onWorkerEnd: (end) => workerEnded(config, end),
  });
  log("start", { pid: process.pid, workerPid: inference.workerPid, config });
  const devices = watchDevices(config);
  const manager = new ModelManager({
    config,
    source,
    inference,
    log,
    onGiveUp: (why, message) => {
      if (why === "device-gone") endBecause(config, `no device to load on: ${message}`, 1);
      if (!config.strict) return;
      const text = `1 model(s) did not become available: {Name: ${config.modelName} Error: ${message}}`;
      endBecause(config, text, STRICT_EXIT);
    },
  });
  const metrics = new Metrics(config.modelName, () => ({
    waiting: inference.waiting,
    inFlight: inference.inFlight,
    ready: health.isReady,
    lastSuccessAgeSeconds: (performance.now() - inference.lastSuccessMs) / 1_000,
    versions: manager.served.map(({ version }) => version),
    labels: manager.labels,
    devices: devices.map((device) => ({ id: device.id, state: feltState([device.now()]) })),
  }));
  const health = new Health({
    config,
    manager,
    inference,
    log,
    onCanary: (result) => metrics.canary(result.ok ? "ok" : result.why),
    onWatchdog: (reason) => {
      inference.stop();
      endBecause(config, `watchdog: ${reason}`, WATCHDOG_EXIT);
    },
  });
  const rest = new Rest(config, manager, inference);
  const server = new HttpServer({ config, rest, health, metrics, log });
  endOnSignals(inference, health, server);
  manager.start();
  health.start();
  if (config.strict) await manager.whenSettled;
  log("listening", { port: await server.listen() });
}

function endOnSignals(inference: Inference, health: Health, server: HttpServer): void {
  let draining = false;
  const drain = async (signal: string): Promise<void> => {
    if (draining) return;
    draining = true;
    health.drain();
    log("drain-begin", { signal });
    const left = await server.drain();
    log("drain-end", { requestsLeftOpen: left });
    inference.stop();
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => void drain(signal));
}

try {
  await serve(readConfig(process.env));
} catch (error) {
  if (!(error instanceof NinetyError)) throw error;
  log("fatal", { reason: error.message, exitCode: error.exit });
  process.exit(error.exit);
}
