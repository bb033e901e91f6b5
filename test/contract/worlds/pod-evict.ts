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

function world(about: string, pod: Json): World {
  return {
    about,
    object: async (path) => (path === "api/v1/namespaces/shop/pods/server-1" ? pod : null),
    http: async () => ({ answered: false, status: 0, body: "", tookMs: 1 }),
    kubelet: async () => ({ answered: true, status: 200, body: "ok" }),
  };
}
const there: Json = { metadata: { name: "server-1", uid: "u-1" } };
const ending = (...conditions: readonly Json[]): Json => ({
  metadata: { name: "server-1", uid: "u-1", deletionTimestamp: "2026-01-01T00:00:00Z" },
  status: { conditions },
});
const disrupted = (reason: string): Json => ({ type: "DisruptionTarget", status: "True", reason });

export const cases: readonly FaultCase[] = [
  {
    about: "a pod of a service",
    options: {},
    target,
    before: world("the pod is there", there),
    during: [
      world("it ends, and says by whom", ending(disrupted("EvictionByEvictionAPI"))),
      world("there is no such pod", null),
      world("another pod has its name", { metadata: { name: "server-1", uid: "u-2" } }),
    ],
    after: [],
    otherwise: [
      world("somebody deleted it", ending()),
      world("a taint threw it out", ending(disrupted("DeletionByTaintManager"))),
      world("its labels were changed", {
        metadata: { name: "server-1", uid: "u-1", labels: { a: "b" } },
      }),
    ],
  },
];
