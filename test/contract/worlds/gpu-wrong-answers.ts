import type { FaultCase, World } from "../../../src/testing/fault-contract.ts";
import { gpuTarget as target, gpuWorld, type GpuState } from "../../support/gpu-world.ts";

const AT = "8501/v1/models/mlp:predict";

/** What it answers, one after the other, and again. */
function world(
  about: string,
  state: GpuState = {},
  numbers: readonly (readonly number[])[] = [[0.1, 0.2, 0.7]],
  status = 200,
): World {
  let nth = 0;
  const answer = (): { readonly status: number; readonly body: string } => {
    nth += 1;
    const predictions = [numbers[(nth - 1) % numbers.length]];
    return { status, body: status === 200 ? JSON.stringify({ predictions }) : "{}" };
  };
  return gpuWorld(about, state, { at: AT, answer });
}
const wrong = { device: "wrong-answers" } as const;
const WRONG = [[0.2, 0.7, 0.1]];

export const cases: readonly FaultCase[] = [
  {
    about: "nobody is told",
    options: {},
    target,
    before: world("all is well"),
    during: [
      world("other numbers", wrong, WRONG),
      world("other numbers, and the plugin does not answer", { device: null }, WRONG),
    ],
    after: [
      world("the same numbers"),
      world("the same numbers, from another batch", {}, [[0.1000004, 0.2, 0.7]]),
      world("its holder was moved", { pod: "gone" }),
    ],
    otherwise: [
      world("another version, on a good device", {}, WRONG),
      world("other numbers each time", wrong, [...WRONG, [0.3, 0.3, 0.4]]),
      world("a longer answer", wrong, [[0.2, 0.7, 0.1, 0]]),
      world("told to be bad", { ...wrong, health: "Unhealthy" }, WRONG),
      world("fails", wrong, WRONG, 500),
      world("silent", wrong, WRONG, 0),
      world("the device hangs", { device: "hang" }, WRONG),
      world("gone", { ...wrong, pod: "gone" }),
    ],
    unhealed: [
      world("the same numbers by luck", wrong),
      world("gone, and the device is bad", { ...wrong, pod: "gone" }),
    ],
  },
  {
    about: "told",
    options: { signal: true },
    target,
    before: world("all is well"),
    during: [
      world("told by the kubelet", { ...wrong, health: "Unhealthy" }, WRONG),
      world("told by the node", { ...wrong, allocatable: 1 }, WRONG),
    ],
    after: [world("the same numbers")],
    otherwise: [
      world("told, and right", { ...wrong, health: "Unhealthy" }),
      world("wrong, and not told", wrong, WRONG),
    ],
  },
];
