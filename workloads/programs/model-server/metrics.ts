import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";
import type { StartedRun } from "./run-queue.ts";

/** What became of a predict request. */
export type Outcome = "ok" | "refused" | "shed" | "deadline" | "error" | "gone";

/** Read at the moment of a scrape. */
export interface Gauges {
  readonly waiting: number;
  readonly inFlight: number;
  readonly ready: boolean;
  readonly lastSuccessAgeSeconds: number;
  readonly versions: readonly number[];
  readonly labels: ReadonlyMap<string, number>;
  readonly devices: readonly { readonly id: string; readonly state: string }[];
}

/** Fine where a healthy answer ends, up to where a client has given up. */
const SECONDS = [
  0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2,
  0.25, 0.3, 0.5, 0.75, 1, 2, 5, 10, 30,
];

const ROWS = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** The server's Prometheus metrics. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests: Counter<"outcome" | "version">;
  readonly #seconds: Histogram<"outcome" | "version">;
  readonly #rows: Histogram<"version">;
  readonly #waitSeconds: Histogram;
  readonly #runs: Counter<"provider" | "simulated">;
  readonly #canaries: Counter<"result">;
  readonly #serving: Counter<"model_name" | "status">;
  readonly #model: string;

  constructor(model: string, read: () => Gauges) {
    const registers = [this.#registry];
    this.#model = model;
    collectDefaultMetrics({ register: this.#registry });
    this.#requests = new Counter({
      name: "model_server_requests_total",
      help: "Predict requests by outcome, and by version where one was found.",
      labelNames: ["outcome", "version"],
      registers,
    });
    this.#seconds = new Histogram({
      name: "model_server_request_seconds",
      help: "Time from the whole request to the whole answer.",
      labelNames: ["outcome", "version"],
      buckets: SECONDS,
      registers,
    });
    this.#rows = new Histogram({
      name: "model_server_batch_rows",
      help: "Rows of each run that the worker was given, by version; without canaries.",
      labelNames: ["version"],
      buckets: ROWS,
      registers,
    });
    this.#waitSeconds = new Histogram({
      name: "model_server_batch_wait_seconds",
      help: "How long a request waited until its run began.",
      buckets: SECONDS,
      registers,
    });
    this.#runs = new Counter({
      name: "model_server_runs_total",
      help: "Inferences by execution provider, canaries too; simulated: its device is virtual.",
      labelNames: ["provider", "simulated"],
      registers,
    });
    this.#canaries = new Counter({
      name: "model_server_canaries_total",
      help: "Canary inferences by result.",
      labelNames: ["result"],
      registers,
    });
    this.#serving = new Counter({
      name: ":tensorflow:serving:request_count",
      help: "Requests by status, under TensorFlow Serving's name.",
      labelNames: ["model_name", "status"],
      registers,
    });
    this.#gauges(read);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** `version` is undefined where none was found that was asked for. */
  request(outcome: Outcome, code: string, seconds: number, version: string | undefined): void {
    const labels = version === undefined ? { outcome } : { outcome, version };
    this.#requests.inc(labels);
    this.#seconds.observe(labels, seconds);
    this.#serving.inc({ model_name: this.#model, status: code });
  }
  run({ version, rows, waitsMs }: StartedRun): void {
    this.#rows.observe({ version: String(version) }, rows);
    for (const waitMs of waitsMs) this.#waitSeconds.observe(waitMs / 1_000);
  }
  ran(provider: string, simulated: boolean): void {
    this.#runs.inc({ provider, simulated: String(simulated) });
  }
  canary(result: string): void {
    this.#canaries.inc({ result });
  }

  #gauges(read: () => Gauges): void {
    const registers = [this.#registry];
    const gauge = (name: string, help: string, value: (gauges: Gauges) => number): void => {
      const made: Gauge = new Gauge({
        name,
        help,
        registers,
        collect: () => made.set(value(read())),
      });
    };
    gauge("model_server_queue_depth", "Requests that wait for the worker.", (now) => now.waiting);
    gauge("model_server_in_flight", "Calls that the worker has.", (now) => now.inFlight);
    gauge("model_server_ready", "Readiness at the last look.", (now) => (now.ready ? 1 : 0));
    gauge(
      "model_server_last_success_age_seconds",
      "Since the last inference that returned.",
      (now) => now.lastSuccessAgeSeconds,
    );
    const version = new Gauge({
      name: "model_server_model_version",
      help: "1 for each version that is served.",
      labelNames: ["model", "version"],
      registers,
      collect: () => {
        version.reset();
        for (const served of read().versions) {
          version.set({ model: this.#model, version: String(served) }, 1);
        }
      },
    });
    const label = new Gauge({
      name: "model_server_model_label",
      help: "1 for the version that each label points at.",
      labelNames: ["model", "label", "version"],
      registers,
      collect: () => {
        label.reset();
        for (const [name, target] of read().labels) {
          label.set({ model: this.#model, label: name, version: String(target) }, 1);
        }
      },
    });
    const device = new Gauge({
      name: "model_server_device_state",
      help: "1 for the state that the server feels on each of its devices.",
      labelNames: ["device", "state"],
      registers,
      collect: () => {
        device.reset();
        for (const { id, state } of read().devices) device.set({ device: id, state }, 1);
      },
    });
  }
}
