import type { Json } from "../../../src/model/json.ts";
import type { FaultCase, World } from "../../../src/testing/fault-contract.ts";

interface State {
  /** Null: there is no such node. */
  readonly allocatable?: number | null;
  /** "none": there is no such pod. */
  readonly plugin?: "tells" | "refuses" | "starts" | "none";
}

function world(about: string, { allocatable = 2, plugin = "tells" }: State = {}): World {
  const plugins: Json = ["n0", "n1"].map((node) => ({
    metadata: { namespace: "ninety-system", name: `plugin-${node}`, uid: `p-${node}` },
    spec: { nodeName: node },
  }));
  const resources = allocatable === 0 ? {} : { "nvidia.com/gpu": String(allocatable) };
  const objects: Readonly<Record<string, Json>> = {
    "api/v1/nodes/n1": allocatable === null ? null : { status: { allocatable: resources } },
    "api/v1/namespaces/ninety-system/pods?labelSelector=ninety%2Fpart%3Dgpu-plugin": {
      items: plugin === "none" ? [] : plugins,
    },
  };
  return {
    about,
    object: async (path) => objects[path] ?? null,
    http: async (pod, { port, path }) => {
      if (pod.uid !== "p-n1" || port !== 9_400 || path !== "/metrics") {
        throw new Error(`nobody was to be asked for ${pod.name}:${port}${path}`);
      }
      if (plugin === "refuses") return { answered: false, status: 0, body: "", tookMs: 1 };
      return { answered: true, status: plugin === "tells" ? 200 : 503, body: "", tookMs: 1 };
    },
    kubelet: async () => ({ answered: true, status: 200, body: "ok" }),
  };
}

const target = { kind: "node", node: "n1" } as const;

export const cases: readonly FaultCase[] = [
  {
    about: "our plugin",
    options: {},
    target,
    before: world("all is well"),
    during: [
      world("no GPU, and no word", { allocatable: 0, plugin: "refuses" }),
      world("no GPU, and its pod is gone", { allocatable: 0, plugin: "none" }),
    ],
    after: [world("all is well again"), world("more than before", { allocatable: 4 })],
    otherwise: [
      world("one device is bad", { allocatable: 1 }),
      world("all devices are bad, and the plugin says so", { allocatable: 0 }),
      world("it does not answer, and the kubelet still has its devices", { plugin: "refuses" }),
      world("the node is gone", { allocatable: null, plugin: "none" }),
    ],
    unhealed: [
      world("it tells, and is not registered yet", { allocatable: 0 }),
      world("it is starting", { plugin: "starts" }),
    ],
  },
  {
    about: "a plugin that is not ours, by its container's name",
    options: { container: "nvidia-device-plugin-ctr" },
    target,
    before: world("all is well", { plugin: "none" }),
    during: [world("no GPU", { allocatable: 0, plugin: "none" })],
    after: [world("all is well again", { plugin: "none" })],
    otherwise: [world("one device is bad", { allocatable: 1, plugin: "none" })],
  },
];
