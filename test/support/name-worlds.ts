// Worlds of a pod that looks up a name: what it is told, and what others are.
import type { Asked } from "../../src/ports/witness.ts";
import type { World } from "../../src/testing/fault-contract.ts";
import { caller } from "./dependency-worlds.ts";

/** `twice`: each other look-up is so, the rest give the right address. */
export type Told = {
  readonly says: "right" | "wrong" | "NXDOMAIN" | "SERVFAIL" | "silence";
  readonly tookMs?: number;
  readonly twice?: boolean;
};

const WHY = {
  NXDOMAIN: "lookup server on 10.96.0.10:53: no such host",
  SERVFAIL: "lookup server on 10.96.0.10:53: server misbehaving",
  silence: "lookup server: i/o timeout",
} as const;

export function nameWorld(
  about: string,
  { pod, others = { says: "right" } }: { readonly pod: Told; readonly others?: Told },
): World {
  return {
    about,
    object: async () => null,
    http: async () => ({ answered: false, status: 0, body: "", tookMs: 1 }),
    kubelet: async () => ({ answered: true, status: 200, body: "ok" }),
    fromPod: async ({ uid }, { url, count, outside = false }) => {
      if (uid !== caller.uid || url !== "dns://server") throw new Error(`nobody was to ask ${url}`);
      const told = outside ? others : pod;
      return Array.from({ length: count }, (_, nth) =>
        asked(told.twice === true && nth % 2 === 1 ? { says: "right" } : told),
      );
    },
  };
}

function asked({ says, tookMs = 2 }: Told): Asked {
  if (says === "right" || says === "wrong") {
    const address = says === "right" ? "10.96.0.7" : "192.0.2.1";
    return { answered: true, status: 0, tookMs, why: "", ended: "complete", bodyBytes: 0, address };
  }
  return {
    answered: false,
    status: 0,
    tookMs,
    why: WHY[says],
    ended: "none",
    bodyBytes: 0,
    address: "",
  };
}
