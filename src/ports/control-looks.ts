// Looks at a control plane that faults share. Reads only; what could not be looked at throws.
import type { Evidence } from "../model/evidence.ts";
import { listAt, textAt } from "../model/json.ts";
import type { Ms } from "../model/quantity.ts";
import { stampMs } from "../model/timestamp.ts";
import type { Sign } from "./node-looks.ts";
import type { Answer, Witness } from "./witness.ts";

const PING_MS = 2_000;
/** Its own checks of etcd take 2 s each before they are given up. */
const READY_MS = 6_000;

/** The API server, and what it tells of etcd; "": it tells nothing. */
export type ApiServerSeen = {
  readonly server: Sign;
  readonly etcd: "ok" | "failed" | "";
  /** All its checks are ok. */
  readonly ready: boolean;
};

/** Silence is asked twice before it is believed: one that is only busy answers in between. */
export async function lookAtApiServer(witness: Witness): Promise<ApiServerSeen> {
  const first = await witness.apiServer("livez/ping", PING_MS);
  const ping = signOf(first) === "silent" ? await witness.apiServer("livez/ping", PING_MS) : first;
  const server = signOf(ping);
  if (server !== "answers") return { server, etcd: "", ready: false };
  const { body, status } = await witness.apiServer("readyz?verbose", READY_MS);
  const told = /^\[([+-])\]etcd /m.exec(body)?.[1];
  const etcd = told === undefined ? "" : told === "+" ? "ok" : "failed";
  return { server, etcd, ready: status === 200 };
}

function signOf({ answered, body }: Answer): Sign {
  if (answered) return "answers";
  return /ECONNREFUSED|ECONNRESET|socket hang up/.test(body) ? "refuses" : "silent";
}

/** Whether the API server, which lives, tells that it has no etcd. */
export function etcdProof(before: ApiServerSeen, now: ApiServerSeen): Evidence {
  return {
    effect: outageOf(before, now),
    by: "the API server's own checks",
    saw: { before, now },
    needed:
      "GET livez/ping answered, and in GET readyz a check of etcd that fails and did not before",
  };
}

function outageOf(before: ApiServerSeen, now: ApiServerSeen): Evidence["effect"] {
  if (before.etcd !== "ok" || now.server !== "answers" || now.etcd === "") return "unclear";
  return now.etcd === "failed" ? "present" : "absent";
}

/** How a component that leads renews its Lease. */
export type LeaseSeen = {
  /** "": there is no such Lease, or nobody holds it. */
  readonly holder: string;
  /** How much later the latest other Lease was renewed; negative: earlier. Null: unknown. */
  readonly behindMs: Ms | null;
};

/** By the stamps of those who renew: no clock of ours is compared with theirs. */
export async function lookAtLease(witness: Witness, name: string): Promise<LeaseSeen> {
  const leases = listAt(await witness.object(LEASES), "items");
  const isIt = (lease: unknown): boolean =>
    textAt(lease, "metadata", "name") === name &&
    textAt(lease, "metadata", "namespace") === "kube-system";
  const own = leases.find(isIt);
  const ownMs = renewedMs(own);
  const others = leases.filter((lease) => !isIt(lease)).flatMap((lease) => renewedMs(lease) ?? []);
  return {
    holder: textAt(own, "spec", "holderIdentity"),
    behindMs: ownMs === null || others.length === 0 ? null : Math.max(...others) - ownMs,
  };
}

/** It is renewed every 2 s, and given up by its holder after 10. */
const STALE_MS = 8_000;
const FRESH_MS = 5_000;

/** Whether whoever holds that Lease makes no step: others renew theirs, and it does not. */
export function leaseProof(name: string, before: LeaseSeen, now: LeaseSeen): Evidence {
  return {
    effect: staleness(before, now),
    by: `Leases of the cluster, as their holders renew them`,
    saw: { before, now },
    needed:
      `the Lease of ${name} held, and renewed at least ${STALE_MS} ms less than before when ` +
      `compared with the latest of all others; at most ${FRESH_MS} ms where it is led again`,
  };
}

function staleness(before: LeaseSeen, now: LeaseSeen): Evidence["effect"] {
  if (before.holder === "" || now.holder === "") return "unclear";
  if (before.behindMs === null || now.behindMs === null) return "unclear";
  // Their clocks may differ by as much as it was behind before.
  const lostMs = now.behindMs - before.behindMs;
  if (lostMs >= STALE_MS) return "present";
  return lostMs <= FRESH_MS ? "absent" : "unclear";
}

const LEASES = "apis/coordination.k8s.io/v1/leases";
const renewedMs = (lease: unknown): Ms | null => stampMs(textAt(lease, "spec", "renewTime"));
