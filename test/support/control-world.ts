// A control plane as a witness sees it: what the API server says of itself, and Leases.
import type { Json } from "../../src/model/json.ts";
import type { Target } from "../../src/model/target.ts";
import type { Answer } from "../../src/ports/witness.ts";
import type { FaultCase, World } from "../../src/testing/fault-contract.ts";

export const target: Target<"cluster"> = { kind: "cluster" };

export interface ControlState {
  readonly server?: "answers" | "refuses" | "silent";
  /** What `readyz?verbose` says of etcd; `silent`: it says nothing at all. */
  readonly etcd?: "ok" | "failed" | "silent";
  /** Another check of its own that fails. */
  readonly failing?: string;
  /** Seconds within the minute at which each was renewed. */
  readonly renewed?: Readonly<Record<string, number>>;
  /** Of the scheduler's and the controller-manager's Lease. */
  readonly holder?: string;
}

const RENEWED = { "kube-scheduler": 20, "kube-controller-manager": 21, n1: 14 };

export function world(about: string, state: ControlState): World {
  const { server = "answers", etcd = "ok", failing } = state;
  const leases = Object.entries(state.renewed ?? RENEWED).map(([name, second]) =>
    leaseOf(name, second, state.holder ?? `control_${name}`),
  );
  return {
    about,
    object: async (path) => {
      if (path !== "apis/coordination.k8s.io/v1/leases")
        throw new Error(`not to be asked: ${path}`);
      if (server !== "answers") throw new Error("no answer");
      return { items: leases };
    },
    http: async () => ({ answered: false, status: 0, body: "", tookMs: 1 }),
    kubelet: async () => ({ answered: true, status: 200, body: "ok" }),
    apiServer: async (path) => {
      if (server === "refuses") return unanswered("connect ECONNREFUSED 10.250.0.1:6443");
      if (server === "silent") return unanswered("The operation was aborted due to timeout");
      if (path === "livez/ping") return answered(200, "ok");
      if (etcd === "silent") return unanswered("The operation was aborted due to timeout");
      const checks = { ping: true, etcd: etcd === "ok", "informer-sync": failing === undefined };
      const isOk = Object.values(checks).every(Boolean);
      const lines = Object.entries(checks).map(([name, ok]) =>
        ok ? `[+]${name} ok` : `[-]${name} failed: reason withheld`,
      );
      const last = isOk ? "readyz check passed" : "readyz check failed";
      return answered(isOk ? 200 : 500, [...lines, last, ""].join("\n"));
    },
  };
}

/** Of a component that leads by its Lease and stops; another one goes on. */
export function leaderCases(own: string, other: string): readonly FaultCase[] {
  return [
    {
      about: "one that leads",
      options: {},
      target,
      before: world("all is well", {}),
      during: [
        world("its Lease is old", { renewed: { [own]: 22, [other]: 35, n1: 34 } }),
        world("its Lease is old, and only nodes renew theirs", {
          renewed: { [own]: 22, [other]: 22, n1: 44 },
        }),
      ],
      after: [
        world("it is led again", { renewed: { [own]: 50, [other]: 51, n1: 44 } }),
        world("it is led again by another", {
          renewed: { [own]: 50, [other]: 51, n1: 44 },
          holder: "another",
        }),
      ],
      otherwise: [
        world("another is down", { renewed: { [own]: 50, [other]: 22, n1: 44 } }),
        world("nobody renews anything", { renewed: { [own]: 22, [other]: 21, n1: 14 } }),
        world("it is late once", { renewed: { [own]: 22, [other]: 28, n1: 24 } }),
        world("it gave its Lease up", {
          renewed: { [own]: 22, [other]: 50, n1: 44 },
          holder: "",
        }),
        world("it has no Lease", { renewed: { [other]: 50, n1: 44 } }),
        world("there is no other Lease", { renewed: { [own]: 22 } }),
      ],
    },
  ];
}

const answered = (status: number, body: string): Answer => ({
  answered: true,
  status,
  body,
  tookMs: 1,
});
const unanswered = (body: string): Answer => ({ answered: false, status: 0, body, tookMs: 1 });

function leaseOf(name: string, second: number, holder: string): Json {
  const namespace = name.startsWith("kube-") ? "kube-system" : "kube-node-lease";
  return {
    metadata: { name, namespace },
    spec: {
      holderIdentity: holder,
      renewTime: `2026-01-01T00:00:${String(second).padStart(2, "0")}.123456Z`,
    },
  };
}
