// Worlds of a pod whose connections are asked for from beside it and from inside.
import type { Asked } from "../../src/ports/witness.ts";
import type { World } from "../../src/testing/fault-contract.ts";
import { caller } from "./dependency-worlds.ts";

/** What asks meet. `resets`: each tenth. */
export type Meets = "answers" | "refused" | "some refused" | "silence" | "resets" | "only resets";

interface State {
  readonly others?: Meets;
  readonly itself?: Meets;
  readonly pod?: "there" | "gone" | "another";
  readonly ready?: boolean;
  readonly running?: boolean;
  readonly restarts?: number;
  readonly going?: boolean;
}

export function connectionWorld(about: string, state: State): World {
  const { others = "answers", itself = "answers", pod = "there", ready = true } = state;
  const { running = true, restarts: restartCount = 0, going = false } = state;
  const object = {
    metadata: {
      uid: pod === "another" ? "u-2" : caller.uid,
      ...(going ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}),
    },
    status: {
      podIP: "10.244.1.5",
      conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
      containerStatuses: [{ restartCount, state: running ? { running: {} } : { waiting: {} } }],
    },
  };
  return {
    about,
    object: async (path) =>
      path === `api/v1/namespaces/shop/pods/${caller.name}` && pod !== "gone" ? object : null,
    http: async () => ({ answered: false, status: 0, body: "", tookMs: 1 }),
    kubelet: async () => ({ answered: true, status: 200, body: "ok" }),
    fromPod: async ({ uid }, { url, count, outside = false }) => {
      if (uid !== caller.uid || !/^(tcp|http):\/\/10\.244\.1\.5:8501\/?$/.test(url)) {
        throw new Error(`nobody was to ask ${url} from ${uid}`);
      }
      const meets = outside ? others : itself;
      return Array.from({ length: count }, (_, nth) => asked(meets, nth));
    },
  };
}

function asked(meets: Meets, nth: number): Asked {
  const well: Asked = {
    answered: true,
    status: 404,
    tookMs: 1,
    why: "",
    ended: "complete",
    bodyBytes: 9,
    address: "10.244.1.5",
  };
  const bad = { ...well, answered: false, status: 0 };
  const isIt = meets === "some refused" || meets === "resets" ? nth % 10 === 3 : true;
  if (meets === "answers" || !isIt) return well;
  if (meets === "silence") return { ...bad, why: "i/o timeout", ended: "none" };
  return meets.includes("refused")
    ? { ...bad, why: "connect: connection refused", ended: "none" }
    : { ...bad, why: "read: connection reset by peer", ended: "reset" };
}
