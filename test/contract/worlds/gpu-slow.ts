import type { FaultCase, World } from "../../../src/testing/fault-contract.ts";
import {
  gpuTarget as target,
  gpuWorld,
  type GpuState,
  type HolderAnswer,
} from "../../support/gpu-world.ts";

const AT = "8501/v1/models/mlp:predict";

/** Answers one after the other, and again. */
function world(
  about: string,
  state: GpuState,
  tookMs: readonly number[] = [5, 40, 6],
  status = 200,
): World {
  let nth = 0;
  const answer = (body: unknown): HolderAnswer => {
    if (!Array.isArray((body as { instances?: unknown } | undefined)?.instances)) {
      throw new Error("a prediction must be asked for");
    }
    nth += 1;
    return { status, tookMs: tookMs[(nth - 1) % tookMs.length] ?? 0 };
  };
  return gpuWorld(about, state, { at: AT, answer });
}
const slow = { device: "slow" } as const;
const LATE = [105, 99, 6];

export const cases: readonly FaultCase[] = [
  {
    about: "a virtual device",
    options: {},
    target,
    before: world("all is well", {}),
    during: [
      world("late", slow, LATE),
      world("so late that nobody waits for it", slow, [3_000], 0),
      world("late, and the plugin does not answer", { device: null }, LATE),
      world("late, after it was started again", { ...slow, restarts: 1 }, LATE),
    ],
    after: [
      world("in time again", {}),
      world("the device is well, and others keep it busy", {}, LATE),
      world("its holder was moved", { pod: "gone" }),
    ],
    otherwise: [
      world("late on a good device", {}, LATE),
      world("one of three is late", slow, [5, 100, 5]),
      world("told to be bad", { ...slow, health: "Unhealthy" }, LATE),
      world("hangs", { device: "hang" }, LATE),
      world("sheds its load", slow, LATE, 503),
      world("silent, and the plugin does not answer", { device: null }, [3_000], 0),
      world("waits to be started again", { ...slow, running: false }),
      world("gone", { ...slow, pod: "gone" }),
    ],
    unhealed: [
      world("the device is slow, and one of three is late", slow, [5, 100, 5]),
      world("silent, and the plugin does not answer", { device: null }, [3_000], 0),
    ],
  },
  {
    about: "twice as slow, on a device that no plugin of ours exports",
    options: { factor: 2 },
    target,
    before: world("all is well", { device: "none" }, [20]),
    during: [world("late", { device: "none" }, [30])],
    after: [world("in time again", { device: "none" }, [24])],
    otherwise: [world("as before", { device: "none" }, [29])],
  },
];
