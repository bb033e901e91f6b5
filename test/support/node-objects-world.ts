// A node and its pods, as a witness sees them.
import type { Json } from "../../src/model/json.ts";
import type { Target } from "../../src/model/target.ts";
import type { World } from "../../src/testing/fault-contract.ts";

export const node: Target<"node"> = { kind: "node", node: "n1" };

export function nodeWorld(
  about: string,
  of: { readonly spec: Json; readonly pods: readonly Json[]; readonly gone?: boolean },
): World {
  return {
    about,
    object: async (path) => {
      if (path === "api/v1/nodes/n1") return of.gone ? null : { spec: of.spec };
      return path === "api/v1/pods?fieldSelector=spec.nodeName%3Dn1" ? { items: of.pods } : null;
    },
    http: async () => ({ answered: false, status: 0, body: "", tookMs: 1 }),
    kubelet: async () => ({ answered: true, status: 200, body: "ok" }),
  };
}

/** A pod there; `kind`: of its owner, if it has one. */
export function podOf(
  name: string,
  of: { readonly kind?: string; readonly metadata?: object; readonly spec?: object } = {},
): Json {
  const { kind = "ReplicaSet" } = of;
  const owners = kind === "" ? {} : { ownerReferences: [{ kind, controller: true }] };
  return {
    metadata: { namespace: "shop", name, ...owners, ...of.metadata },
    spec: { ...of.spec },
    status: { phase: "Running" },
  };
}
