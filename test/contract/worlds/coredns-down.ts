import type { Json } from "../../../src/model/json.ts";
import type { Target } from "../../../src/model/target.ts";
import type { Asked } from "../../../src/ports/witness.ts";
import type { FaultCase, World } from "../../../src/testing/fault-contract.ts";

const target: Target<"cluster"> = { kind: "cluster" };
const SLICES =
  "apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices" +
  "?labelSelector=kubernetes.io%2Fservice-name%3Dkube-dns";

const agents: Json = {
  items: ["n2", "n1"].map((nodeName) => ({
    metadata: { name: `agent-${nodeName}`, uid: nodeName, labels: { "ninety/part": "node-agent" } },
    spec: { nodeName },
  })),
};
const asked = (answered: boolean, why = ""): Asked => ({
  answered,
  status: 0,
  tookMs: 1,
  why,
  ended: answered ? "complete" : "none",
  bodyBytes: 0,
  address: answered ? "10.96.0.1" : "",
});
const FOUND = asked(true);
const NO_NAME = asked(
  false,
  "dial tcp: lookup kubernetes.default.svc on 10.96.0.10:53: connection refused",
);
const NO_WAY = asked(false, "dial tcp 10.96.0.1:443: i/o timeout");

function world(
  about: string,
  of: { readonly ready: readonly boolean[]; readonly asked: Asked | null; readonly no?: boolean },
): World {
  const endpoints = of.ready.map((ready) => ({ addresses: ["10.244.0.7"], conditions: { ready } }));
  const objects: Readonly<Record<string, Json>> = {
    "api/v1/namespaces/kube-system/services/kube-dns": of.no ? null : { spec: {} },
    [SLICES]: { items: [{ endpoints }] },
    "api/v1/namespaces/ninety-system/pods": of.asked === null ? { items: [] } : agents,
  };
  return {
    about,
    object: async (path) => objects[path] ?? null,
    http: async () => ({ answered: false, status: 0, body: "", tookMs: 1 }),
    kubelet: async () => ({ answered: true, status: 200, body: "ok" }),
    ...(of.asked === null
      ? {}
      : {
          fromPod: async (pod, { outside }) => {
            if (outside !== true) throw new Error("an agent has no network but its own");
            if (pod.uid !== "n1") throw new Error("it must be asked from the same node always");
            return of.asked === null ? [] : [of.asked];
          },
        }),
  };
}
const up = [true, true];

export const cases: readonly FaultCase[] = [
  {
    about: "a cluster with node agents",
    options: {},
    target,
    before: world("names are answered for", { ready: up, asked: FOUND }),
    during: [
      world("nobody is there, and no name is known", { ready: [], asked: NO_NAME }),
      world("the last one is ending", { ready: [false], asked: NO_NAME }),
    ],
    after: [
      world("both are back", { ready: up, asked: FOUND }),
      world("one is back", { ready: [true, false], asked: FOUND }),
    ],
    otherwise: [
      world("one is gone", { ready: [true], asked: FOUND }),
      world("names are known all the same", { ready: [], asked: FOUND }),
      world("only its endpoints are not told yet", { ready: up, asked: NO_NAME }),
      world("the API server cannot be reached", { ready: up, asked: NO_WAY }),
      world("there is no such Service", { ready: [], asked: NO_NAME, no: true }),
    ],
    unhealed: [world("names are not known yet", { ready: up, asked: NO_NAME })],
  },
  {
    about: "without a node agent",
    options: {},
    target,
    before: world("some are ready", { ready: up, asked: null }),
    during: [world("none is", { ready: [], asked: null })],
    after: [world("some are again", { ready: up, asked: null })],
    otherwise: [world("there is no such Service", { ready: [], asked: null, no: true })],
  },
];
