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
const pod = (metadata: object): Json => ({ metadata: { name: "server-1", ...metadata } });

export const cases: readonly FaultCase[] = [
  {
    about: "at once",
    options: {},
    target,
    before: world("the pod is there", pod({ uid: "u-1" })),
    during: [
      world("there is no such pod", null),
      world("another pod has its name", pod({ uid: "u-2" })),
      world("the pod is going", pod({ uid: "u-1", deletionTimestamp: "2026-01-01T00:00:00Z" })),
    ],
    after: [],
    otherwise: [world("its labels were changed", pod({ uid: "u-1", labels: { a: "b" } }))],
  },
  {
    about: "with grace",
    options: { grace: "30s" },
    target,
    before: world("the pod is there", pod({ uid: "u-1" })),
    during: [
      world("the pod is going", pod({ uid: "u-1", deletionTimestamp: "2026-01-01T00:00:00Z" })),
    ],
    after: [],
    otherwise: [],
  },
];
