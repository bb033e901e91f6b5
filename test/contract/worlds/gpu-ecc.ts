import type { FaultCase, World } from "../../../src/testing/fault-contract.ts";
import { gpuTarget as target, gpuWorld, type GpuState } from "../../support/gpu-world.ts";

const ECC =
  '{ "error": "CUDA failure 214: uncorrectable ECC error encountered ; expr=cudaStreamSynchronize(stream)" }';

/** `body` null: a prediction. */
function world(
  about: string,
  state: GpuState & { readonly xid?: number } = {},
  [status, body]: readonly [number, string?] = [200],
): World {
  return gpuWorld(
    about,
    { metrics: { DCGM_FI_DEV_XID_ERRORS: state.xid ?? 0 }, ...state },
    {
      at: "8501/v1/models/mlp:predict",
      answer: () => ({ status, body: body ?? '{"predictions":[[0.1,0.9]]}' }),
    },
  );
}
const ecc = { device: "ecc-error", xid: 94 } as const;
const told = { ...ecc, health: "Unhealthy" } as const;
const fails = [500, ECC] as const;

export const cases: readonly FaultCase[] = [
  {
    about: "contained, told and felt",
    options: {},
    target,
    before: world("all is well"),
    during: [
      world("fails, told by the kubelet", told, fails),
      world("fails, told by the node", { ...ecc, allocatable: 1 }, fails),
      world("fails in words of the driver", told, [503, "CUDA_ERROR_ECC_UNCORRECTABLE"]),
    ],
    after: [
      world("works again", { restarts: 1, xid: 94 }),
      world("the device was reset, and its context is broken for ever", { xid: 94 }, fails),
      world("the device was reset, its holder was moved", { pod: "gone", xid: 94 }),
    ],
    otherwise: [
      world("told, and not felt", told),
      world("felt, and not told", ecc, fails),
      world("another error", { ...told, xid: 79 }, fails),
      world("fails for another reason", told, [500, '{ "error": "CUDA failure 700" }']),
      world("says it, and is right", told, [200, ECC]),
      world("silent", told, [0]),
      world("the device is lost", { ...told, device: "crash" }, fails),
      world("errors on a good device", {}, fails),
      world("waits to be started again", { ...told, running: false }),
      world("gone", { ...told, pod: "gone", allocatable: 1 }),
    ],
    unhealed: [
      world("cured by a restart, on a device that is to be reset", { ...told, restarts: 1 }),
      world("told, and the plugin does not answer", { ...told, device: null }),
    ],
  },
  {
    about: "not contained, and nobody is told",
    options: { severity: "uncontained", signal: false },
    target,
    before: world("all is well", { device: "none" }),
    during: [world("fails", { device: "none" }, fails)],
    after: [world("works again", { device: "none", restarts: 3 })],
    otherwise: [world("told", { device: "none", health: "Unhealthy" }, fails)],
    unhealed: [world("its context is broken for ever", { device: "none" }, fails)],
  },
  {
    about: "a row that could not be remapped",
    options: { severity: "remap-failure" },
    target,
    before: world("all is well"),
    during: [world("told, and not felt", { ...told, xid: 64 })],
    after: [world("the device was reset", { xid: 64 })],
    otherwise: [
      world("another error", told),
      world("felt", { ...told, xid: 64 }, fails),
      world("not told", { ...ecc, xid: 64 }),
    ],
  },
];
