import type { Evidence } from "../model/evidence.ts";
import { defineFault } from "../ports/fault.ts";
import { askedPort, NET_FIELDS, netEffects, type NetParams } from "../ports/net-fields.ts";
import {
  allAnswer,
  lookThroughNetwork,
  netBy,
  onAllWays,
  onAllWaysLeft,
  othersAnswer,
  type Way,
} from "../ports/net-looks.ts";

/** No packets pass: no refusal, no reset, while the pod itself is well. */
export const netPartition = defineFault({
  name: "net-partition",
  about:
    "No packet reaches a pod, or none leaves it, or none passes between two groups of pods: " +
    "connections stay open and are silent. On a node: none but those of the control plane, so that " +
    "it stays Ready; those too: node-partition.",
  on: ["pod", "node", "link"],
  lasts: "held",
  kinds: ["net-shape", "node-net"],
  evidence:
    "Answers by HTTP, which are silence where there were some, while the pod runs as before and, " +
    "where probes are left alone, is Ready; beside a link they still come.",
  params: NET_FIELDS,
  effects: (params, target) =>
    netEffects(params, target, { delayMs: 0, jitterMs: 0, lossRatio: 1 }),
  observe: (witness, target, params) =>
    lookThroughNetwork(witness, target, { params, asks: 2, atOnce: 2, withinMs: 2_000 }),
  proof: (before, now, params, target) => ({
    effect: onAllWays(before, now, (was, is) => effectOf(was, is, params)),
    by: `${netBy(target)}, and its status`,
    saw: { before, now },
    needed: neededOf(params),
  }),
  healProof: (before, now, params, target) => ({
    effect: onAllWaysLeft(before, now, (was, is) => effectOf(was, is, params)),
    by: `${netBy(target)}, and its status`,
    saw: { before, now },
    needed: neededOf(params),
  }),
  // Probes that were met may have had the container ended: it waits for its next start.
  proofWithinMs: 60_000,
});

const neededOf = (params: NetParams): string =>
  `silence from ${askedPort(params)}${params.path}, where there was an answer, while the pod runs` +
  `${params.affectsProbes ? "" : " with no restart and as Ready as before"}; gone once it speaks`;

function effectOf(before: Way, now: Way, params: NetParams): Evidence["effect"] {
  if (!allAnswer(before.told) || !othersAnswer(before)) return "unclear";
  if (before.pod === null || before.pod.terminating) return "unclear";
  const { pod, told } = now;
  if (pod === null || told.length === 0) return "unclear";
  // Who refuses speaks, too.
  if (told.some(({ sign }) => sign !== "silent")) {
    return told.every(({ sign }) => sign !== "silent") ? "absent" : "unclear";
  }
  if (pod.terminating || !pod.running || !othersAnswer(now)) return "unclear";
  if (params.affectsProbes) return "present";
  // A process that hangs is silent as well, but its probes fail.
  return pod.ready === before.pod.ready && pod.restarts === before.pod.restarts
    ? "present"
    : "unclear";
}
