import type { Evidence } from "../model/evidence.ts";
import { defineFault } from "../ports/fault.ts";
import {
  allAnswer,
  askedPort,
  lookThroughNetwork,
  NET_FIELDS,
  netScope,
  type NetParams,
  type NetSeen,
} from "../ports/net-looks.ts";

/** None of a pod's packets pass: no refusal, no reset, while the pod itself is well. */
export const netPartition = defineFault({
  name: "net-partition",
  about: "No packet reaches a pod, or none leaves it: connections stay open and are silent.",
  on: "pod",
  lasts: "held",
  kinds: ["net-shape"],
  evidence:
    "The pod's answer by HTTP, which is silence where there was one, while the pod runs as before " +
    "and, where probes are left alone, is Ready.",
  params: NET_FIELDS,
  effects: (params, pod) => [
    { kind: "net-shape", pod, ...netScope(params), delayMs: 0, jitterMs: 0, lossRatio: 1 },
  ],
  observe: (witness, pod, params) =>
    lookThroughNetwork(witness, pod, { params, asks: 2, atOnce: 2, withinMs: 2_000 }),
  proof: (before, now, params, pod) => ({
    effect: effectOf(before, now, params),
    by: `answers of pod ${pod.namespace}/${pod.name} by way of the API server, and its status`,
    saw: { before, now },
    needed: neededOf(params),
  }),
  // A pod that is gone has taken its network with it.
  healProof: (before, now, params, pod) => ({
    effect: now.pod === null ? "absent" : effectOf(before, now, params),
    by: `answers of pod ${pod.namespace}/${pod.name} by way of the API server, and its status`,
    saw: { before, now },
    needed: neededOf(params),
  }),
  // Probes that were met may have had the container ended: it waits for its next start.
  proofWithinMs: 60_000,
});

const neededOf = (params: NetParams): string =>
  `silence from ${askedPort(params)}${params.path}, where there was an answer, while the pod runs` +
  `${params.affectsProbes ? "" : " with no restart and as Ready as before"}; gone once it speaks`;

function effectOf(before: NetSeen, now: NetSeen, params: NetParams): Evidence["effect"] {
  if (!allAnswer(before) || before.pod === null || before.pod.terminating) return "unclear";
  const { pod, told } = now;
  if (pod === null || told.length === 0) return "unclear";
  // Who refuses speaks, too.
  if (told.some(({ sign }) => sign !== "silent")) {
    return told.every(({ sign }) => sign !== "silent") ? "absent" : "unclear";
  }
  if (pod.terminating || !pod.running) return "unclear";
  if (params.affectsProbes) return "present";
  // A process that hangs is silent as well, but its probes fail.
  return pod.ready === before.pod.ready && pod.restarts === before.pod.restarts
    ? "present"
    : "unclear";
}
