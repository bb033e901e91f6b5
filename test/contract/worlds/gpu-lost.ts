import type { Json } from "../../../src/model/json.ts";
import type { Target } from "../../../src/model/target.ts";
import type { FaultCase, World } from "../../../src/testing/fault-contract.ts";

const holder: Target<"pod"> = {
  kind: "pod",
  namespace: "shop",
  name: "server-1",
  uid: "u-1",
  node: "n1",
};
const target: Target<"gpu"> = { kind: "gpu", node: "n1", device: "GPU-n1-0", holder };

interface State {
  readonly allocatable?: number;
  readonly health?: "Healthy" | "Unhealthy" | "Unknown";
  /** What the kubelet says of the container. */
  readonly container?: "running" | "waiting" | { readonly exitCode: number };
  readonly restarts?: number;
  readonly starts?: number;
  readonly going?: boolean;
  /** The pod: there, gone, or another one under its name. */
  readonly pod?: "there" | "gone" | "another";
  /** 0: no answer. */
  readonly computes?: number;
  /** What the plugin exports of the device. */
  readonly device?: string;
}

function containerState(container: State["container"] = "running"): Json {
  if (container === "running") return { running: {} };
  if (container === "waiting") return { waiting: { reason: "CrashLoopBackOff" } };
  return { terminated: container };
}

function podOf(state: State): Json {
  if (state.pod === "gone") return null;
  const { health = "Healthy", restarts = 0, going = false } = state;
  return {
    metadata: {
      uid: state.pod === "another" ? "u-2" : "u-1",
      ...(going ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}),
    },
    status: {
      containerStatuses: [
        {
          name: "server",
          restartCount: restarts,
          state: containerState(state.container),
          allocatedResourcesStatus: [
            {
              name: "nvidia.com/gpu",
              resources: [
                { resourceID: "GPU-n1-7", health: "Healthy" },
                { resourceID: "GPU-n1-0", health },
              ],
            },
          ],
        },
      ],
    },
  };
}

function world(about: string, state: State): World {
  const { allocatable = 2, starts = 1, computes = 200 } = state;
  const { device = "ok" } = state;
  const objects: Readonly<Record<string, Json>> = {
    "api/v1/namespaces/ninety-system/pods?labelSelector=ninety%2Fpart%3Dgpu-plugin": {
      items: [
        {
          metadata: { namespace: "ninety-system", name: "plugin", uid: "p-1" },
          spec: { nodeName: "n1" },
        },
      ],
    },
    "api/v1/nodes/n1": { status: { allocatable: { "nvidia.com/gpu": String(allocatable) } } },
    "api/v1/namespaces/shop/pods/server-1": podOf(state),
    "api/v1/namespaces/shop/events?fieldSelector=involvedObject.uid%3Du-1": {
      items: [
        { reason: "Scheduled", count: 1 },
        { reason: "Started", count: starts },
        { reason: "Unhealthy", count: 3 },
      ],
    },
  };
  return {
    about,
    object: async (path) => objects[path] ?? null,
    http: async (pod, { port, path }) => {
      if (pod.uid === "p-1" && port === 9_400 && path === "/metrics") {
        const body = `ninety_gpu_state{UUID="GPU-n1-0",state="${device}"} 1`;
        return { answered: true, status: 200, body, tookMs: 1 };
      }
      if (pod.uid !== "u-1" || port !== 8_501 || path !== "/health/ready") {
        throw new Error(`nobody was to be asked for ${pod.name}:${port}${path}`);
      }
      return { answered: computes !== 0, status: computes, body: "", tookMs: 1 };
    },
    kubelet: async () => ({ answered: true, status: 200, body: "ok" }),
  };
}

const before = world("all is well", {});
const moved = { pod: "gone", starts: 2, computes: 0 } as const;
const crashed = { restarts: 1, starts: 2, container: "waiting", computes: 0 } as const;
const told = { health: "Unhealthy" } as const;

export const cases: readonly FaultCase[] = [
  {
    about: "signal and crash",
    options: {},
    target,
    before,
    during: [
      world("told in the pod, and waiting to be started again", { ...told, ...crashed }),
      world("told by the node", { ...crashed, allocatable: 1, health: "Unknown" }),
      world("started again on the dead device", {
        ...told,
        ...crashed,
        container: "running",
        computes: 503,
      }),
      world("ended by itself, not yet started again", {
        ...told,
        container: { exitCode: 134 },
        computes: 0,
      }),
      world("crashed, and now being moved", { ...told, ...crashed, going: true }),
      world("crashed, and moved by now", { ...moved, allocatable: 1 }),
    ],
    after: [
      world("serves again", { restarts: 3, starts: 4 }),
      world("told to be well, and waiting to be started again", { ...crashed, restarts: 3 }),
      world("moved, and the device is back", moved),
      world("moved, and another pod has its name", { ...moved, pod: "another" }),
    ],
    otherwise: [
      world("told, but nothing felt", told),
      world("told and moved, but never crashed", { pod: "gone", computes: 0, allocatable: 1 }),
      world("told, and ends as asked while being moved", {
        ...told,
        going: true,
        container: { exitCode: 0 },
        computes: 0,
      }),
      world("felt, but not told", crashed),
      world("deleted by somebody", { pod: "gone", computes: 0 }),
      world("started again by somebody, on a good device", { restarts: 1, starts: 2 }),
    ],
  },
  {
    about: "crash without signal",
    options: { signal: false },
    target,
    before,
    during: [
      world("waiting to be started again", crashed),
      world("started again on the dead device", {
        ...crashed,
        container: "running",
        computes: 503,
      }),
    ],
    after: [world("serves again", { restarts: 3, starts: 4 })],
    otherwise: [
      world("told, but nothing felt", { ...told, allocatable: 1 }),
      world("gone by another hand", { pod: "gone", computes: 0 }),
      world("not ready, but never ended", { computes: 503 }),
    ],
  },
  {
    about: "signal alone",
    options: { symptom: "none" },
    target,
    before,
    during: [
      world("told in the pod", told),
      world("told by the node", { allocatable: 1 }),
      world("told by the node, moved", { pod: "gone", computes: 0, allocatable: 1 }),
    ],
    after: [
      world("told to be well", { computes: 503 }),
      world("moved, and the device is back", { pod: "gone", computes: 0 }),
    ],
    otherwise: [world("crashed for another reason", crashed)],
  },
  ...(["sticky-error", "hang"] as const).map((symptom): FaultCase => ({
    about: `signal and ${symptom}`,
    options: { symptom },
    target,
    before,
    during: [
      world("refuses", { ...told, computes: 503 }),
      world("keeps silent", { ...told, computes: 0 }),
    ],
    after: [
      world("serves again", {}),
      world("told to be well, and remembers its errors", { computes: 503 }),
      world("moved, and the device is back", { pod: "gone", computes: 0 }),
    ],
    otherwise: [
      world("told, but serves", told),
      world("told, and refuses because it is going", { ...told, going: true, computes: 503 }),
      world("told, and moved before anyone looked", { pod: "gone", allocatable: 1, computes: 0 }),
    ],
  })),
  ...(["sticky-error", "hang"] as const).map((symptom): FaultCase => ({
    about: `${symptom} without signal`,
    options: { symptom, signal: false },
    target,
    before,
    during: [
      world("refuses", { computes: 503, device: symptom }),
      world("keeps silent", { computes: 0, device: symptom }),
    ],
    after: [
      world("serves again", {}),
      world("the device is well, and its process remembers", { computes: 503 }),
    ],
    otherwise: [world("serves on", { device: symptom })],
    unhealed: [world("started again on the bad device", { computes: 503, device: symptom })],
  })),
  {
    about: "a device that nobody holds",
    options: { symptom: "none" },
    target: { ...target, holder: null },
    before,
    during: [world("told by the node", { allocatable: 1 })],
    after: [world("told by the node again", { allocatable: 2 })],
    otherwise: [],
  },
];
