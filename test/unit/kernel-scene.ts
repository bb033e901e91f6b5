// A whole run on fake ports: cluster, load, sampler, injector and witness in memory.
import { EXIT } from "../../src/model/error.ts";
import type { KubeObject } from "../../src/model/json.ts";
import type { Plan } from "../../src/model/plan.ts";
import type { Request } from "../../src/model/request.ts";
import type { Part } from "../../src/ports/author.ts";
import type { LoadRunner } from "../../src/ports/load.ts";
import type { Sampler } from "../../src/ports/sampler.ts";
import { createCrew, RunAborted } from "../../src/kernel/crew.ts";
import { readExperiment } from "../../src/kernel/experiment.ts";
import { makePlan } from "../../src/kernel/planner.ts";
import { run, type RunEnd } from "../../src/kernel/runner.ts";
import { createSystem, type RunSystem, type SystemDeps } from "../../src/kernel/system.ts";
import { FakeApi, FakeProvider } from "../../src/testing/fake-cluster.ts";
import { FakeInjector, MemoryLog } from "../../src/testing/fakes.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";
import { drop, jam, serving, written } from "./kernel-kit.ts";

const namespace: KubeObject = {
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: "ninety-system" },
};
const agent = serving({ part: "agent", replicas: 1, gpus: 0, more: [namespace] });

/** Offers 50 requests a second, all good, until it is stopped or dies. */
function load(clock: VirtualClock, diesMs = Infinity): LoadRunner {
  return {
    start: async ({ plan, onRequest }) => {
      if (diesMs === 0) throw new Error("k6 is not there");
      const stop = new AbortController();
      const dead = Promise.withResolvers<void>();
      let id = 0;
      const offer = async (): Promise<void> => {
        for (;;) {
          const intendedUs = clock.nowUs();
          const request: Request = {
            id: id++,
            scenario: "new",
            intendedUs,
            attempts: 1,
            startUs: intendedUs,
            endUs: intendedUs + 5_000,
            firstByteUs: intendedUs + 4_000,
            outcome: "ok",
            connection: "new",
            status: 200,
            backend: "any",
          };
          onRequest(request);
          await clock.until(clock.nowMs() + 1_000 / plan.rateRps, stop.signal);
        }
      };
      void offer().catch(() => dead.resolve());
      clock.at(diesMs, () => dead.reject(new Error("k6 ended with code 99")));
      return Promise.resolve({
        ended: dead.promise,
        stop: async () => {
          await Promise.resolve();
          stop.abort(new Error("stopped"));
        },
      });
    },
  };
}

/** Tells of the pods of all parts once a second, as the cluster's sampler does. */
function pods(api: FakeApi): Sampler {
  return {
    name: "pods",
    about: "Tells of pods.",
    run: async ({ clock, append, signal }) => {
      const told = new Set<string>();
      for (;;) {
        for (const pod of api.pods()) {
          const { name, namespace: where, labels } = pod.metadata;
          if (told.has(name)) continue;
          told.add(name);
          const detail = {
            part: labels?.["ninety/part"] ?? "",
            uid: `uid-${name}`,
            node: "n1",
            ready: true,
            terminating: false,
            gone: false,
            restarts: 0,
            reason: "",
            devices: [],
          };
          const object = `pod/${where}/${name}`;
          const notBeforeUs = clock.nowUs();
          await append({ type: "cluster", object, change: "added", notBeforeUs, detail });
        }
        await clock.until(clock.nowMs() + 1_000, signal);
      }
    },
  };
}

/** A run on fake ports, and what it left. */
export interface Scene {
  readonly clock: VirtualClock;
  readonly log: MemoryLog;
  readonly api: FakeApi;
  readonly provider: FakeProvider;
  readonly injector: FakeInjector;
  readonly system: RunSystem;
  readonly plan: Plan;
  readonly run: (stopMs?: number) => Promise<RunEnd>;
}

/** `run(stopMs)` goes to its end, stopped at that instant if one is given. */
export function scene(
  options: {
    readonly changes?: object;
    readonly kind?: "local" | "kube";
    readonly deps?: Partial<SystemDeps>;
    readonly idle?: boolean;
    readonly loadDiesMs?: number;
    readonly accepts?: ConstructorParameters<typeof FakeInjector>[1];
    /** Default: an agent. */
    readonly addOns?: readonly Part[];
  } = {},
): Scene {
  const clock = new VirtualClock();
  const log = new MemoryLog(clock);
  const api = new FakeApi({ nodes: 3, gpusPerNode: 2 });
  const provider = new FakeProvider(api, options.kind ?? "local");
  const injector = new FakeInjector(clock, { idle: options.idle === true, ...options.accepts });
  const definitions = [jam.definition, drop.definition];
  const system = createSystem({
    clock,
    log,
    run: "sample-1",
    provider,
    injectors: () => [injector],
    // Looks at what is held: only a fake may.
    witness: () => ({
      object: async (path) => {
        await Promise.resolve();
        const device = path.replace("device/", "");
        const held = [...injector.held.values()].map((now) => now.held.effect);
        const jammed = held.some((one) => one.kind === "gpu-state" && one.gpu.device === device);
        return jammed ? "jammed" : "free";
      },
      http: async () => Promise.resolve({ answered: false, status: 0, body: "", tookMs: 1 }),
      kubelet: async () => Promise.resolve({ answered: true, status: 200, body: "ok" }),
      apiServer: async () =>
        Promise.resolve({ answered: true, status: 200, body: "ok", tookMs: 1 }),
      fromPod: async () => Promise.resolve([]),
      inContainer: async () => Promise.resolve(null),
      counters: async () => Promise.resolve({}),
    }),
    faults: (name) => definitions.find((fault) => fault.name === name)!,
    load: load(clock, options.loadDiesMs),
    samplers: [pods(api)],
    keep: false,
    onLive: () => {},
    workFolder: "/nowhere",
    environment: {
      ninety: "0",
      startedAt: "2026-01-01T00:00:00Z",
      monotonicStartUs: 0,
      gitCommit: null,
      machine: {},
    },
    versions: { node: "24" },
    ...options.deps,
  });
  const reading = readExperiment("sample", written({ steady: "20s", ...options.changes }));
  const plan = makePlan(reading, "s", { always: [], addOns: options.addOns ?? [agent] });
  return {
    clock,
    log,
    api,
    provider,
    injector,
    system,
    plan,
    run: async (stopMs) => {
      const stop = new AbortController();
      if (stopMs !== undefined) {
        const why = new RunAborted("interrupted", "Ctrl-C", { exit: EXIT.interrupted });
        clock.at(stopMs, () => stop.abort(why));
      }
      return clock.drive(run(plan, system, createCrew(clock, stop.signal)), 60 * 60_000);
    },
  };
}
