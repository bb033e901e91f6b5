// Worlds of a pod that calls a service: what asks meet from inside it, and beside it.
import type { Target } from "../../src/model/target.ts";
import type { Asked } from "../../src/ports/witness.ts";
import type { World } from "../../src/testing/fault-contract.ts";

export const caller: Target<"pod"> = {
  kind: "pod",
  namespace: "shop",
  name: "front-1",
  uid: "u-1",
  node: "n1",
};

/** What one ask meets: a status, or what else becomes of it. `every` n: each n-th is it. */
export type Meets =
  | number
  | { readonly status: number; readonly every: number }
  | { readonly ends: "reset" | "short"; readonly every: number }
  | { readonly lateMs: number; readonly every: number }
  | "silent"
  | "bare"
  | "refuses"
  | "unreachable"
  | "speaks";

const FAILS = {
  silent: "context deadline exceeded",
  refuses: "dial tcp 10.96.0.7:80: connect: connection refused",
  unreachable: "dial tcp: lookup server: no such host",
  // Another protocol than HTTP: it answers, but not that.
  speaks: "malformed HTTP response",
} as const;

export function world(
  about: string,
  { pod, others = 404 }: { readonly pod: Meets; readonly others?: Meets },
): World {
  return {
    about,
    object: async () => null,
    http: async () => ({ answered: false, status: 0, body: "", tookMs: 1 }),
    kubelet: async () => ({ answered: true, status: 200, body: "ok" }),
    fromPod: async ({ uid }, { url, count, withinMs, outside = false }) => {
      const known = ["http://server.shop:80/", "tcp://server.shop:80"].includes(url);
      if (uid !== caller.uid || !known) throw new Error(`nobody was to ask ${url} from ${uid}`);
      const meets = outside ? others : pod;
      const connects = url.startsWith("tcp:");
      return Array.from({ length: count }, (_, nth) => asked(meets, { nth, connects, withinMs }));
    },
  };
}

const WELL: Asked = {
  answered: true,
  status: 404,
  tookMs: 1,
  why: "",
  ended: "complete",
  bodyBytes: 9,
  address: "10.96.0.7",
};

function asked(
  meets: Meets,
  of: { readonly nth: number; readonly connects: boolean; readonly withinMs: number },
): Asked {
  const gone = meets === "refuses" || meets === "unreachable";
  if (of.connects && !gone) return { ...WELL, status: 0 };
  if (meets === "bare") return { ...WELL, bodyBytes: 0 };
  if (typeof meets === "string") {
    const tookMs = meets === "silent" ? of.withinMs : 1;
    return { ...WELL, answered: false, status: 0, tookMs, why: FAILS[meets], ended: "none" };
  }
  if (typeof meets === "number") return { ...WELL, status: meets };
  if (of.nth % meets.every !== 0) return WELL;
  if ("status" in meets) return { ...WELL, status: meets.status };
  if ("lateMs" in meets) return { ...WELL, tookMs: meets.lateMs };
  return { ...WELL, answered: false, why: "unexpected EOF", ended: meets.ends };
}
