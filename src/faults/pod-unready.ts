import type { Evidence } from "../model/evidence.ts";
import { defineFault } from "../ports/fault.ts";
import { NET_FIELDS } from "../ports/net-fields.ts";
import { allAnswer, lookThroughNetwork, type Way } from "../ports/net-looks.ts";

const { port, askPort, path } = NET_FIELDS;

/** The kubelet cannot ask a pod that is well: it takes it out of service. */
export const podUnready = defineFault({
  name: "pod-unready",
  about:
    "The kubelet's probes of a pod go unanswered while clients are served: the pod is not Ready " +
    "and gets no new traffic. A liveness or startup probe goes unanswered too and has the container " +
    "started again.",
  on: "pod",
  lasts: "held",
  kinds: ["net-shape"],
  evidence:
    "The pod's condition Ready, which is False, while it answers by way of the API server, runs " +
    "and was not started again.",
  params: { port, askPort, path },
  effects: (of, pod) => [
    {
      kind: "net-shape",
      pod,
      direction: "in",
      ports: of.port === undefined ? [] : [of.port],
      // Whatever else of the node asks the pod is not answered either.
      peers: "node",
      delayMs: 0,
      jitterMs: 0,
      lossRatio: 1,
      affectsProbes: true,
    },
  ],
  observe: async (witness, pod, of) => {
    const all = { ...of, direction: "in", affectsProbes: true } as const;
    const how = { params: all, asks: 2, atOnce: 2, withinMs: 2_000 };
    return lookThroughNetwork(witness, pod, how);
  },
  proof: ([before], [now], _params, pod) => ({
    effect: effectOf(before, now),
    by: `status of pod ${pod.namespace}/${pod.name}, and its answers by way of the API server`,
    saw: { before: before ?? null, now: now ?? null },
    needed:
      "Ready before; now not Ready, while it answers, runs and was not started again; gone once it " +
      "is Ready",
  }),
  healProof: ([before], [now], _params, pod) => ({
    effect: now?.pod === null ? "absent" : effectOf(before, now),
    by: `status of pod ${pod.namespace}/${pod.name}, and its answers by way of the API server`,
    saw: { before: before ?? null, now: now ?? null },
    needed: "Ready, as before",
  }),
  // Probes may be half a minute apart in all, and a container that was started again takes longer.
  proofWithinMs: 90_000,
});

function effectOf(before: Way | undefined, now: Way | undefined): Evidence["effect"] {
  if (!before?.pod?.ready || !allAnswer(before.told) || !now?.pod) return "unclear";
  const { pod, told } = now;
  if (pod.ready) return "absent";
  // Not Ready for a reason of its own: it is ended, hangs, or starts.
  const well = pod.running && !pod.terminating && pod.restarts === before.pod.restarts;
  return well && allAnswer(told) ? "present" : "unclear";
}
