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

/** What one ask meets: a status, or what else becomes of it. `status every n`: the n-th is it. */
export type Meets =
  | number
  | { readonly status: number; readonly every: number }
  | "silent"
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

function asked(
  meets: Meets,
  of: { readonly nth: number; readonly connects: boolean; readonly withinMs: number },
): Asked {
  const gone = meets === "refuses" || meets === "unreachable";
  if (of.connects && !gone) return { answered: true, status: 0, tookMs: 1, why: "" };
  if (typeof meets === "string") {
    const tookMs = meets === "silent" ? of.withinMs : 1;
    return { answered: false, status: 0, tookMs, why: FAILS[meets] };
  }
  if (typeof meets === "number") return { answered: true, status: meets, tookMs: 1, why: "" };
  const status = of.nth % meets.every === 0 ? meets.status : 404;
  return { answered: true, status, tookMs: 1, why: "" };
}
