import type { FaultCase, World } from "../../../src/testing/fault-contract.ts";
import { gpuTarget as target, gpuWorld, type GpuState } from "../../support/gpu-world.ts";

interface Serves extends GpuState {
  /** What computes; null: the server does not tell. */
  readonly on?: "CPU" | "CUDA" | "both" | null;
  readonly tookMs?: readonly number[];
  readonly numbers?: readonly number[];
  readonly status?: number;
}

/** A holder that counts what it computes, also where it has not been asked before. */
function world(about: string, state: Serves = {}): World {
  const { on = "CUDA", tookMs = [5, 40, 6], numbers = [0.1, 0.9], status = 200 } = state;
  let nth = 0;
  const runs = { CPU: 0, CUDA: 30 };
  const answer = (): {
    readonly status: number;
    readonly body: string;
    readonly tookMs: number;
  } => {
    nth += 1;
    if (on !== null) runs[on === "both" ? (nth % 2 === 0 ? "CPU" : "CUDA") : on] += 1;
    const body = JSON.stringify({ predictions: [numbers] });
    return { status, body, tookMs: tookMs[nth % tookMs.length] ?? 0 };
  };
  const metrics = (): string =>
    Object.entries(runs)
      .map(([of, count]) => {
        const labels = `provider="${of}ExecutionProvider",simulated="true"`;
        return `model_server_runs_total{${labels}} ${count}\nmodel_server_in_flight 1`;
      })
      .join("\n");
  const predictions = gpuWorld(about, state, { at: "8501/v1/models/mlp:predict", answer });
  return {
    ...predictions,
    http: async (pod, request) => {
      if (pod.uid !== "u-1" || request.path !== "/metrics") return predictions.http(pod, request);
      return { answered: true, status: 200, body: on === null ? "" : metrics(), tookMs: 2 };
    },
  };
}
const fallen = { device: "cpu-fallback", on: "CPU", tookMs: [105, 99, 110] } as const;

export const cases: readonly FaultCase[] = [
  {
    about: "a virtual device",
    options: {},
    target,
    before: world("all is well"),
    during: [
      world("right and late, on the CPU", fallen),
      world("the same, and the plugin does not answer", { ...fallen, device: null }),
      world("the same, after it was started again", { ...fallen, restarts: 1 }),
    ],
    after: [
      world("on the device again"),
      world("the device is there, and who started without stays without", {
        ...fallen,
        device: "ok",
      }),
      world("its holder was moved", { pod: "gone" }),
    ],
    otherwise: [
      world("late, on the device", { ...fallen, on: "CUDA" }),
      world("in time, on the CPU", { ...fallen, tookMs: [5] }),
      world("wrong, on the CPU", { ...fallen, numbers: [0.9, 0.1] }),
      world("one on the CPU, others not", { ...fallen, on: "both" }),
      world("nobody counts", { ...fallen, on: null }),
      world("fails", { ...fallen, status: 500 }),
      world("told to be bad", { ...fallen, health: "Unhealthy" }),
      world("told by the node", { ...fallen, allocatable: 1 }),
      world("the device hangs", { ...fallen, device: "hang" }),
      world("waits to be started again", { ...fallen, running: false }),
      world("gone", { ...fallen, pod: "gone" }),
    ],
    unhealed: [
      world("cured by a restart, while the device is gone for others", {
        device: "cpu-fallback",
        restarts: 1,
      }),
    ],
  },
  {
    about: "a device that no plugin of ours exports",
    options: { factor: 2, cure: "heal" },
    target,
    before: world("all is well", { device: "none", tookMs: [20] }),
    during: [world("late, on the CPU", { ...fallen, device: "none", tookMs: [30] })],
    after: [world("on the device again", { device: "none", tookMs: [20] })],
    otherwise: [world("hardly later", { ...fallen, device: "none", tookMs: [29] })],
  },
];
