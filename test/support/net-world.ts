// What a witness could see of a pod's network.
import type { Json } from "../../src/model/json.ts";
import type { Target } from "../../src/model/target.ts";
import type { World } from "../../src/testing/fault-contract.ts";

export const netTarget: Target<"pod"> = {
  kind: "pod",
  namespace: "shop",
  name: "server-1",
  uid: "u-1",
  node: "n1",
};

/** Two clients to one server. */
export const linkTarget: Target<"link"> = {
  kind: "link",
  from: ["1", "2"].map((nth) => ({
    ...netTarget,
    name: `client-${nth}`,
    uid: `c-${nth}`,
    node: "n2",
    address: `10.0.2.${nth}`,
  })),
  to: [{ ...netTarget, address: "10.0.1.1" }],
};
export const netNode: Target<"node"> = { kind: "node", node: "n1" };

type TookMs = readonly (number | null)[];
interface State {
  /** Of one ask after the other, and from the beginning again; null: silence. Default [3]. */
  readonly tookMs?: TookMs;
  readonly refuses?: boolean;
  readonly pod?: "there" | "gone" | "another";
  readonly ready?: boolean;
  readonly running?: boolean;
  readonly restarts?: number;
  readonly going?: boolean;
}

export function netWorld(about: string, state: State): World {
  const { tookMs = [3], refuses = false, pod = "there", ready = true } = state;
  const { running = true, restarts: restartCount = 0, going = false } = state;
  const object = {
    metadata: {
      uid: pod === "another" ? "u-2" : "u-1",
      ...(going ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}),
    },
    status: {
      conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
      containerStatuses: [{ restartCount, state: running ? { running: {} } : { waiting: {} } }],
    },
  };
  let asks = 0;
  return {
    about,
    object: async (path) =>
      path === "api/v1/namespaces/shop/pods/server-1" && pod !== "gone" ? object : null,
    http: async (_pod, { port, path }) => {
      if (`${port}${path}` !== "8501/") throw new Error(`nobody was to be asked at ${port}${path}`);
      const took = tookMs[asks++ % tookMs.length] ?? null;
      if (refuses) return { answered: false, status: 0, body: "connection refused", tookMs: 3 };
      return took === null
        ? { answered: false, status: 0, body: "no answer within 2000 ms", tookMs: 2_000 }
        : { answered: true, status: 404, body: "", tookMs: took };
    },
    kubelet: async () => ({ answered: true, status: 200, body: "ok" }),
  };
}

/** The same met from pods: on a link, or from another node than the pod's own. */
export function farWorld(
  about: string,
  state: State & {
    /** From beside the link. Default [3]. */
    readonly others?: TookMs;
    /** Of the second client. Default: like the first. */
    readonly second?: TookMs;
    readonly agents?: readonly string[];
  },
): World {
  const { tookMs = [3], others = [3], second = tookMs, agents = ["n1", "n2"] } = state;
  const { object } = netWorld(about, state);
  const pod = (name: string, node: string, more: object): object => ({
    metadata: { name, namespace: "ninety-system", uid: `a-${node}`, labels: agentLabels },
    spec: { nodeName: node, containers: [{ ports: [{ containerPort: 8_501 }] }], ...more },
  });
  const server = {
    metadata: { name: "server-1", namespace: "shop", uid: "u-1" },
    spec: { nodeName: "n1", containers: [{ ports: [{ containerPort: 8_501 }] }] },
    status: { phase: "Running", podIP: "10.0.1.1" },
  };
  const lists: Readonly<Record<string, Json>> = {
    "api/v1/pods?fieldSelector=spec.nodeName%3Dn1": {
      items: [server, pod("host", "n1", { hostNetwork: true })] as unknown as Json,
    },
    "api/v1/namespaces/ninety-system/pods": {
      items: agents.map((node) => pod(`agent-${node}`, node, {})) as unknown as Json,
    },
  };
  const asks = new Map<string, number>();
  return {
    about,
    object: async (path) => lists[path] ?? (await object(path)),
    http: async () => Promise.reject(new Error("nobody was to be asked by the API server")),
    kubelet: async () => ({ answered: true, status: 200, body: "ok" }),
    fromPod: async ({ uid }, { url, count, withinMs, outside = false }) => {
      if (url !== "http://10.0.1.1:8501/") throw new Error(`nobody was to be asked at ${url}`);
      if (!["c-1", "c-2", "a-n2"].includes(uid)) throw new Error(`nobody was to ask from ${uid}`);
      const all = outside && uid !== "a-n2" ? others : uid === "c-2" ? second : tookMs;
      const key = `${uid} ${outside}`;
      return Array.from({ length: count }, () => {
        const nth = asks.get(key) ?? 0;
        asks.set(key, nth + 1);
        const took = all[nth % all.length] ?? null;
        const met = { bodyBytes: 0, address: "10.0.1.1" };
        return took === null
          ? {
              ...met,
              answered: false,
              status: 0,
              tookMs: withinMs,
              why: "i/o timeout",
              ended: "none",
            }
          : { ...met, answered: true, status: 404, tookMs: took, why: "", ended: "complete" };
      });
    },
  };
}

const agentLabels = { "ninety/part": "node-agent" };
