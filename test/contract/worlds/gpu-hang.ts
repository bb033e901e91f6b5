import type { FaultCase, World } from "../../../src/testing/fault-contract.ts";
import { gpuTarget as target, gpuWorld, type GpuState } from "../../support/gpu-world.ts";

/** `computes` 0: no answer. */
const world = (about: string, state: GpuState & { readonly computes?: number }): World =>
  gpuWorld(about, state, {
    at: "8501/health/ready",
    answer: () => ({ status: state.computes ?? 200 }),
  });

export const cases: readonly FaultCase[] = [
  {
    about: "a virtual device",
    options: {},
    target,
    before: world("all is well", {}),
    during: [
      world("says that it does not compute", { computes: 503, device: "hang" }),
      world("says nothing", { computes: 0, device: "hang" }),
      world("does not compute, and the plugin does not answer", { computes: 503, device: null }),
      world("does not compute, and the kubelet tells of no device", {
        computes: 503,
        device: "hang",
        health: "",
      }),
    ],
    after: [
      world("serves again", { restarts: 1 }),
      world("the device is well, and who hung on it hangs for ever", { computes: 503 }),
      world("the device is well, its holder was moved", { pod: "gone" }),
      world("the device is well, and the name is another pod's", { pod: "another" }),
    ],
    otherwise: [
      world("told to be bad", { computes: 503, health: "Unhealthy", device: "hang" }),
      world("told by the node", { computes: 503, allocatable: 1, device: "hang" }),
      world("crashed", { computes: 0, crashed: true, device: "crash" }),
      world("crashed, and waits", { computes: 0, running: false, restarts: 1, device: null }),
      world("deleted by somebody", { computes: 503, going: true, device: null }),
      world("gone", { pod: "gone", device: null }),
      world("overloaded, on a good device", { computes: 503 }),
    ],
    unhealed: [
      world("moved, and the device still hangs", { pod: "gone", device: "hang" }),
      world("started again, on a device that hangs", {
        computes: 503,
        restarts: 1,
        device: "hang",
      }),
    ],
  },
  {
    about: "a device that no plugin of ours exports",
    options: {},
    target,
    before: world("all is well", { device: "none" }),
    during: [world("says that it does not compute", { computes: 503, device: "none" })],
    after: [world("serves again", { device: "none" })],
    otherwise: [world("crashed", { computes: 0, crashed: true, device: "none" })],
    unhealed: [world("who hung on it hangs still", { computes: 503, device: "none" })],
  },
];
