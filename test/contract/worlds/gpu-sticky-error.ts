import type { FaultCase, World } from "../../../src/testing/fault-contract.ts";
import { gpuTarget as target, gpuWorld, type GpuState } from "../../support/gpu-world.ts";

/** `computes` 0: no answer. */
const world = (about: string, state: GpuState & { readonly computes?: number } = {}): World =>
  gpuWorld(about, state, {
    at: "8501/health/ready",
    answer: () => ({ status: state.computes ?? 200 }),
  });
const sticky = { computes: 503, device: "sticky-error" } as const;

export const cases: readonly FaultCase[] = [
  {
    about: "cured by a restart",
    options: {},
    target,
    before: world("all is well"),
    during: [
      world("says that it does not compute", sticky),
      world("fails", { ...sticky, computes: 500 }),
      world("does not compute, and the plugin does not answer", { ...sticky, device: null }),
      world("does not compute, and the kubelet tells of no device", { ...sticky, health: "" }),
    ],
    after: [
      world("serves again", { restarts: 1 }),
      world("the device is well, and the context is broken for ever", { computes: 503 }),
      world("the device is well, its holder was moved", { pod: "gone" }),
    ],
    otherwise: [
      world("told to be bad", { ...sticky, health: "Unhealthy" }),
      world("told by the node", { ...sticky, allocatable: 1 }),
      world("silent", { ...sticky, computes: 0 }),
      world("the device hangs", { computes: 503, device: "hang" }),
      world("was started again, and loads", { ...sticky, restarts: 1 }),
      world("waits to be started again", { ...sticky, running: false, restarts: 1 }),
      world("is going", { ...sticky, going: true }),
      world("gone", { ...sticky, pod: "gone" }),
      world("overloaded, on a good device", { computes: 503 }),
    ],
    unhealed: [
      world("cured by a restart, while the device is bad for others", {
        device: "sticky-error",
        restarts: 1,
      }),
      world("moved, and the device is bad", { ...sticky, pod: "gone" }),
    ],
  },
  {
    about: "told, and no cure",
    options: { cure: "heal", signal: true },
    target,
    before: world("all is well"),
    during: [
      world("told by the kubelet", { ...sticky, health: "Unhealthy" }),
      world("told by the node", { ...sticky, allocatable: 1 }),
    ],
    after: [world("serves again", { restarts: 3 })],
    otherwise: [
      world("told, and not felt", { health: "Unhealthy", device: "sticky-error" }),
      world("felt, and not told", sticky),
    ],
  },
  {
    about: "a device that no plugin of ours exports",
    options: {},
    target,
    before: world("all is well", { device: "none" }),
    during: [world("does not compute", { computes: 503, device: "none" })],
    after: [world("serves again", { device: "none", restarts: 1 })],
    otherwise: [world("silent", { computes: 0, device: "none" })],
    unhealed: [world("its context is broken for ever", { computes: 503, device: "none" })],
  },
];
