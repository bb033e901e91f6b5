import type { Json } from "../../../src/model/json.ts";
import type { Target } from "../../../src/model/target.ts";
import type { FaultCase, World } from "../../../src/testing/fault-contract.ts";

const target: Target<"pod"> = {
  kind: "pod",
  namespace: "shop",
  name: "server-1",
  uid: "u-1",
  node: "n1",
};

function world(about: string, containers: readonly Json[] | null, uid = "u-1"): World {
  const pod: Json =
    containers === null ? null : { metadata: { uid }, status: { containerStatuses: containers } };
  return {
    about,
    object: async (path) => (path === "api/v1/namespaces/shop/pods/server-1" ? pod : null),
    http: async () => ({ answered: false, status: 0, body: "", tookMs: 1 }),
    kubelet: async () => ({ answered: true, status: 200, body: "ok" }),
  };
}

const well = (restartCount: number): Json => ({
  name: "server",
  ready: true,
  restartCount,
  state: { running: {} },
});
const ended = (
  restartCount: number,
  { exitCode = 137, reason = "" }: { readonly exitCode?: number; readonly reason?: string } = {},
): Json => ({
  name: "server",
  ready: false,
  restartCount,
  state: reason === "" ? { terminated: { exitCode } } : { waiting: { reason } },
  lastState: { terminated: { exitCode } },
});
const starting = (restartCount: number): Json => ({
  name: "server",
  ready: false,
  restartCount,
  state: { running: {} },
  lastState: { terminated: { exitCode: 137 } },
});
const BACK_OFF = { reason: "CrashLoopBackOff" };
const proxy: Json = { ...(well(0) as object), name: "proxy" };

export const cases: readonly FaultCase[] = [
  {
    about: "the only container",
    options: {},
    target,
    before: world("runs", [well(1)]),
    during: [world("waits", [ended(2, BACK_OFF)]), world("has ended a third time", [ended(3)])],
    after: [world("is ready again", [well(4)])],
    otherwise: [
      world("was killed once", [ended(1)]),
      world("was killed once, and starts", [starting(2)]),
      world("was killed once, and is well", [well(2)]),
      world("fails by itself", [ended(2, { ...BACK_OFF, exitCode: 1 })]),
      world("its image is gone", [ended(2, { reason: "ImagePullBackOff" })]),
      world("its pod is gone", null),
      world("another pod has its name", [ended(2, BACK_OFF)], "u-2"),
    ],
    unhealed: [
      world("runs, and is not ready", [starting(3)]),
      world("another pod has its name", [well(0)], "u-2"),
    ],
  },
  {
    about: "one of two",
    options: { container: "server" },
    target,
    before: world("both run", [proxy, well(0)]),
    during: [world("waits", [proxy, ended(1, BACK_OFF)])],
    after: [world("is ready again", [proxy, well(2)])],
    otherwise: [
      world("it is the other one", [{ ...(ended(1, BACK_OFF) as object), name: "proxy" }, well(0)]),
    ],
  },
];
