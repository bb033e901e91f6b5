import type { FaultCase, World } from "../../../src/testing/fault-contract.ts";
import {
  gpuTarget as target,
  gpuWorld,
  type GpuState,
  type HolderAnswer,
} from "../../support/gpu-world.ts";

const NO_MEMORY =
  '{ "error": "CUDA failure 2: out of memory ; expr=cudaMalloc((void**)&p, size)" }';
const ALL = 81_920;

/** `rows` is what must be asked for. */
function world(
  about: string,
  state: GpuState & { readonly freeMiB?: number; readonly rows?: number } = {},
  answered: HolderAnswer = { status: 200, body: '{"predictions":[[0.1,0.9]]}' },
): World {
  const { freeMiB = ALL, rows = 1 } = state;
  const answer = (body: unknown): HolderAnswer => {
    const asked = (body as { instances?: readonly unknown[] } | undefined)?.instances;
    if (asked?.length !== rows) throw new Error(`${rows} rows must be asked for`);
    return answered;
  };
  return gpuWorld(
    about,
    { metrics: { DCGM_FI_DEV_FB_FREE: freeMiB }, ...state },
    { at: "8501/v1/models/mlp:predict", answer },
  );
}
const full = { device: "out-of-memory", freeMiB: 0 } as const;
const refused = { status: 500, body: NO_MEMORY };

export const cases: readonly FaultCase[] = [
  {
    about: "shown and felt",
    options: {},
    target,
    before: world("all is well"),
    during: [
      world("refused", full, refused),
      world("refused, in words of PyTorch", full, {
        status: 503,
        body: "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB",
      }),
    ],
    after: [
      world("there is room again"),
      world("there is room, and its holder looks for its model for a while", {}, { status: 404 }),
      world("there is room, and its holder was moved", { pod: "gone" }),
    ],
    otherwise: [
      world("shown, and not felt", full),
      world("felt, and not shown", { ...full, freeMiB: ALL }, refused),
      world("fails for another reason", full, { status: 500, body: "{}" }),
      world("silent", full, { status: 0 }),
      world("says it, and is right", full, { status: 200, body: NO_MEMORY }),
      world("told to be bad", { ...full, health: "Unhealthy" }, refused),
      world("told by the node", { ...full, allocatable: 1 }, refused),
      world("short of memory, on a good device", {}, refused),
      world("the plugin does not answer", { ...full, device: null }, refused),
      world("waits to be started again", { ...full, running: false }),
    ],
    unhealed: [
      world("asked for less", { ...full, freeMiB: ALL }),
      world("the plugin does not answer", { device: null }),
    ],
  },
  {
    about: "large batches alone, and nobody sees why",
    options: { fits: 4, signal: false },
    target,
    before: world("all is well", { rows: 5, device: "none" }),
    during: [world("refused", { rows: 5, device: "none" }, refused)],
    after: [world("there is room again", { rows: 5, device: "none" })],
    otherwise: [world("sheds its load", { rows: 5, device: "none" }, { status: 503 })],
    unhealed: [world("gone", { rows: 5, device: "none", pod: "gone" })],
  },
  {
    about: "shown alone",
    options: { symptom: false },
    target,
    before: world("all is well"),
    during: [
      world("no memory is free", full),
      world("hardly any is free, and its holder has gone", { ...full, freeMiB: 100, pod: "gone" }),
    ],
    after: [world("there is room again")],
    otherwise: [
      world("half of it is free", { ...full, freeMiB: ALL / 2 }),
      world("the plugin does not answer", { ...full, device: null }),
    ],
  },
];
