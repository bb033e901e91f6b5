import type { FaultCase, World } from "../../../src/testing/fault-contract.ts";
import { gpuTarget as target, gpuWorld, type GpuState } from "../../support/gpu-world.ts";

interface Flaps extends GpuState {
  readonly changes?: number;
  readonly held?: boolean;
  /** 0: no answer. */
  readonly computes?: number;
}

function world(about: string, state: Flaps = {}): World {
  const { changes = 4, held = false, computes = 200 } = state;
  const metrics = { ninety_gpu_held: held ? 1 : 0, ninety_gpu_changes_total: changes };
  return gpuWorld(
    about,
    { metrics, ...state },
    { at: "8501/health/ready", answer: () => ({ status: computes }) },
  );
}
const bad = { held: true, changes: 7, device: "crash", health: "Unhealthy" } as const;
const well = { held: true, changes: 8 } as const;

export const cases: readonly FaultCase[] = [
  {
    about: "told",
    options: {},
    target,
    before: world("all is well"),
    during: [
      world("bad again, told by the kubelet", bad),
      world("bad again, told by the node", { ...bad, health: "Healthy", allocatable: 1 }),
      world("well again, and the node still tells", { ...well, allocatable: 1 }),
      world("bad, and its holder was moved", { ...bad, pod: "gone", allocatable: 1 }),
    ],
    after: [world("nothing holds it", { changes: 8 }), world("moved", { pod: "gone" })],
    otherwise: [
      world("bad for the first time", { ...bad, changes: 5 }),
      world("well for the first time", { ...well, changes: 6, allocatable: 1 }),
      world("bad again, and nobody tells", { ...bad, health: "Healthy" }),
      world("the plugin does not answer", { ...bad, device: null }),
      world("the plugin was started anew", { ...bad, changes: 1 }),
    ],
    unhealed: [
      world("well, and not for long", well),
      world("nobody tells whether it is held", { device: "none" }),
    ],
  },
  {
    about: "felt alone",
    options: { signal: false, symptom: "sticky-error", bad: "2s", well: "3s" },
    target,
    before: world("all is well"),
    during: [
      world("bad again", { held: true, changes: 7, device: "sticky-error", computes: 503 }),
      world("well again, after a restart", { ...well, restarts: 1 }),
      world("well, and the process is not", { ...well, computes: 500 }),
    ],
    after: [
      world("nothing holds it"),
      world("nothing holds it, and who hung hangs", { computes: 0 }),
    ],
    otherwise: [
      world("bad again, and not felt", { held: true, changes: 7, device: "sticky-error" }),
      world("told", { ...bad, computes: 503 }),
      world("is going", { held: true, changes: 7, computes: 503, going: true }),
    ],
  },
];
