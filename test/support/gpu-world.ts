// A GPU, its holder and its plugin, as the witness may see them: for worlds of faults on GPUs.
import type { Json } from "../../src/model/json.ts";
import type { Target } from "../../src/model/target.ts";
import type { World } from "../../src/testing/fault-contract.ts";

const holder: Target<"pod"> = {
  kind: "pod",
  namespace: "shop",
  name: "server-1",
  uid: "u-1",
  node: "n1",
};
export const gpuTarget: Target<"gpu"> = { kind: "gpu", node: "n1", device: "GPU-n1-0", holder };

export interface GpuState {
  readonly allocatable?: number;
  readonly health?: "Healthy" | "Unhealthy" | "";
  readonly running?: boolean;
  /** It ended by itself, with code 1. */
  readonly crashed?: boolean;
  readonly restarts?: number;
  readonly going?: boolean;
  readonly pod?: "there" | "gone" | "another";
  /** What the plugin exports; null: it does not answer; "none": there is no plugin. */
  readonly device?: string | null;
  /** Other metrics of the device that the plugin exports, by name. */
  readonly metrics?: Readonly<Record<string, number>>;
}

/** What the holder answers; status 0: nothing. */
export interface HolderAnswer {
  readonly status: number;
  readonly body?: string;
  readonly tookMs?: number;
}

function podOf(state: GpuState): Json {
  if (state.pod === "gone") return null;
  const { health = "Healthy", restarts = 0, running = true, crashed = false } = state;
  const alive = running ? { running: {} } : { waiting: { reason: "CrashLoopBackOff" } };
  const device = { resourceID: "GPU-n1-0", health };
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
          state: crashed ? { terminated: { exitCode: 1 } } : alive,
          allocatedResourcesStatus:
            health === "" ? [] : [{ name: "nvidia.com/gpu", resources: [device] }],
        },
      ],
    },
  };
}

const exported = (device: string, metrics: Readonly<Record<string, number>>): string =>
  [
    ...Object.entries(metrics).flatMap(([name, value]) => [
      `${name}{gpu="1",UUID="GPU-n1-1",device="virtual1"} 7`,
      `${name}{gpu="0",UUID="GPU-n1-0",device="virtual0"} ${value}`,
    ]),
    "# TYPE ninety_gpu_state gauge",
    `ninety_gpu_state{gpu="1",UUID="GPU-n1-1",device="virtual1",state="hang",symptom="true"} 1`,
    `ninety_gpu_state{gpu="0",UUID="GPU-n1-0",device="virtual0",state="${device}",symptom="true"} 1`,
  ].join("\n");

/** `answer` is asked with each request to the holder that is at `at`, such as `8501/ready`. */
export function gpuWorld(
  about: string,
  state: GpuState,
  { at, answer }: { readonly at: string; readonly answer: (body: unknown) => HolderAnswer },
): World {
  const { allocatable = 2, device = "ok", metrics = {} } = state;
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
    http: async (pod, { port, path, body }) => {
      if (pod.uid === "p-n1" && port === 9_400 && path === "/metrics") {
        if (device === null) return { answered: false, status: 0, body: "", tookMs: 1 };
        return { answered: true, status: 200, body: exported(device, metrics), tookMs: 1 };
      }
      if (pod.uid !== "u-1" || `${port}${path}` !== at) {
        throw new Error(`nobody was to be asked for ${pod.name}:${port}${path}`);
      }
      const { status, body: said = "", tookMs = 5 } = answer(body);
      return { answered: status !== 0, status, body: said, tookMs };
    },
    kubelet: async () => ({ answered: true, status: 200, body: "ok" }),
  };
}
