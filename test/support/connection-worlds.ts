// Worlds of a pod whose connections are asked for from beside it and from inside.
import type { Asked } from "../../src/ports/witness.ts";
import type { FaultCase, World } from "../../src/testing/fault-contract.ts";
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

/** Of a fault on the connections of others. `never`: what looks alike and is something else. */
export function connectionCases(of: {
  readonly others: Meets;
  readonly never: readonly World[];
}): readonly FaultCase[] {
  const hit = { others: of.others };
  const well = connectionWorld("all are taken", {});
  return [
    {
      about: "probes left alone",
      options: {},
      target: caller,
      before: well,
      during: [connectionWorld("others alone meet it", hit)],
      after: [
        connectionWorld("all are taken again", {}),
        connectionWorld("and the pod was not Ready for it", { ready: false }),
        connectionWorld("the pod is gone, and its network", { pod: "gone" }),
        connectionWorld("another pod has its name", { pod: "another" }),
      ],
      otherwise: [
        connectionWorld("the pod itself meets it too", { ...hit, itself: of.others }),
        connectionWorld("its process does not answer the pod itself", {
          ...hit,
          itself: "silence",
        }),
        connectionWorld("silence", { others: "silence" }),
        ...of.never,
        connectionWorld("it is not Ready any more", { ...hit, ready: false }),
        connectionWorld("it was started again", { ...hit, restarts: 1 }),
        connectionWorld("it does not run", { ...hit, running: false }),
        connectionWorld("it goes", { ...hit, going: true }),
        connectionWorld("it is gone", { pod: "gone" }),
      ],
      unhealed: [connectionWorld("silence", { others: "silence" })],
    },
    {
      about: "probes met too",
      options: { port: 8_501, affectsProbes: true },
      target: caller,
      before: well,
      during: [
        connectionWorld("others alone meet it", hit),
        connectionWorld("it is not Ready any more", { ...hit, ready: false }),
      ],
      after: [well],
      otherwise: [connectionWorld("it was started again", { ...hit, restarts: 1 })],
    },
  ];
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
