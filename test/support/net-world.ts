// What a witness could see of a pod's network.
import type { Target } from "../../src/model/target.ts";
import type { World } from "../../src/testing/fault-contract.ts";

export const netTarget: Target<"pod"> = {
  kind: "pod",
  namespace: "shop",
  name: "server-1",
  uid: "u-1",
  node: "n1",
};

interface State {
  /** Of one ask after the other, and from the beginning again; null: silence. Default [3]. */
  readonly tookMs?: readonly (number | null)[];
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
