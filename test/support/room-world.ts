// Worlds of a container that has something left, or nothing: what its node's agent tells of it.
import type { ContainerLook } from "../../src/model/container-look.ts";
import type { JsonObject } from "../../src/model/json.ts";
import type { Target } from "../../src/model/target.ts";
import type { World } from "../../src/testing/fault-contract.ts";

export const podTarget: Target<"pod"> = {
  kind: "pod",
  namespace: "shop",
  name: "server-1",
  uid: "u-1",
  node: "n1",
};

/** `told` null: the agent could not look. */
export function roomWorld(
  about: string,
  of: {
    readonly at: ContainerLook["at"];
    readonly told: JsonObject | null;
    /** First process. */
    readonly main?: string;
    /** What a new connection to port 8501 meets. */
    readonly sign?: "answers" | "refuses" | "silent";
    readonly pod?: "there" | "another";
  },
): World {
  const { at, told, main = "100 from 5000", sign = "answers", pod = "there" } = of;
  return {
    about,
    object: async (path) =>
      path === "api/v1/namespaces/shop/pods/server-1"
        ? { metadata: { uid: pod === "there" ? "u-1" : "u-2" }, status: { podIP: "10.1.0.7" } }
        : null,
    http: async () => ({ answered: false, status: 0, body: "", tookMs: 1 }),
    fromPod: async (_pod, { url, count }) => {
      if (url !== "http://10.1.0.7:8501/" || count !== 1) throw new Error(`nobody asks ${url}`);
      const answered = sign === "answers";
      const why = { answers: "", refuses: "connect: connection refused", silent: "EOF" }[sign];
      const ended = ({ answers: "complete", refuses: "none", silent: "short" } as const)[sign];
      const status = answered ? 404 : 0;
      return [{ answered, status, tookMs: 1, why, ended, bodyBytes: 0, address: "10.1.0.7" }];
    },
    kubelet: async () => ({ answered: true, status: 200, body: "ok" }),
    inContainer: async ({ uid }, look) => {
      if (uid !== podTarget.uid || look.container !== "server" || look.at !== at) {
        throw new Error(`nobody was to look at ${look.at} of ${look.container} in ${uid}`);
      }
      if (told === null) throw new Error("container must run on this node");
      return { main, ...told };
    },
  };
}
