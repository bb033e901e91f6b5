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
  readonly health?: "Healthy" | "Unhealthy" | "";
  readonly container?: "running" | "waiting" | "crashed";
  readonly restarts?: number;
  readonly going?: boolean;
  readonly pod?: "there" | "gone" | "another";
  /** 0: no answer. */
  readonly computes?: number;
  /** What the plugin exports; null: it does not answer; "none": there is no plugin. */
  readonly device?: string | null;
}

function podOf(state: State): Json {
  if (state.pod === "gone") return null;
  const { health = "Healthy", restarts = 0, container = "running" } = state;
  const states = {
    running: { running: {} },
    waiting: { waiting: { reason: "CrashLoopBackOff" } },
    crashed: { terminated: { exitCode: 1 } },
  };
  return {
    metadata: {
      uid: state.pod === "another" ? "u-2" : "u-1",
      ...(state.going === true ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}),
    },
    status: {
      containerStatuses: [
        {
          name: "server",
          restartCount: restarts,
          state: states[container],
          allocatedResourcesStatus:
            health === ""
              ? []
              : [{ name: "nvidia.com/gpu", resources: [{ resourceID: "GPU-n1-0", health }] }],
        },
      ],
    },
  };
}

const exported = (device: string): string =>
  [
    "# TYPE ninety_gpu_state gauge",
    `ninety_gpu_state{gpu="1",UUID="GPU-n1-1",device="virtual1",Hostname="n1",simulated="true",state="hang",signal="false",symptom="true"} 1`,
    `ninety_gpu_state{gpu="0",UUID="GPU-n1-0",device="virtual0",Hostname="n1",simulated="true",state="${device}",signal="false",symptom="true"} 1`,
  ].join("\n");

function world(about: string, state: State): World {
  const { allocatable = 2, computes = 200, device = "ok" } = state;
  const plugins: Json = ["n0", "n1"].map((node) => ({
    metadata: { namespace: "ninety-system", name: `plugin-${node}`, uid: `p-${node}` },
    spec: { nodeName: node },
  }));
  const objects: Readonly<Record<string, Json>> = {
    "api/v1/nodes/n1": { status: { allocatable: { "nvidia.com/gpu": String(allocatable) } } },
    "api/v1/namespaces/shop/pods/server-1": podOf(state),
    "api/v1/namespaces/ninety-system/pods?labelSelector=ninety%2Fpart%3Dgpu-plugin": {
      items: device === "none" ? [] : plugins,
    },
  };
  return {
    about,
    object: async (path) => objects[path] ?? null,
    http: async (pod, { port, path }) => {
      if (pod.uid === "p-n1" && port === 9_400 && path === "/metrics") {
        if (device === null) return { answered: false, status: 0, body: "", tookMs: 1 };
        return { answered: true, status: 200, body: exported(device), tookMs: 1 };
      }
      if (pod.uid !== "u-1" || port !== 8_501 || path !== "/health/ready") {
        throw new Error(`nobody was to be asked for ${pod.name}:${port}${path}`);
      }
      return { answered: computes !== 0, status: computes, body: "", tookMs: 1 };
    },
    kubelet: async () => ({ answered: true, status: 200, body: "ok" }),
  };
}

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
      world("crashed", { computes: 0, container: "crashed", device: "crash" }),
      world("crashed, and waits", { computes: 0, container: "waiting", restarts: 1, device: null }),
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
    otherwise: [world("crashed", { computes: 0, container: "crashed", device: "none" })],
    unhealed: [world("who hung on it hangs still", { computes: 503, device: "none" })],
  },
];
