import { at, listAt, textAt } from "../model/json.ts";
import type { Target } from "../model/target.ts";
import { defineFault } from "../ports/fault.ts";
import type { Witness } from "../ports/witness.ts";

/** What stands under the pod's name; null: nothing. */
type Seen = {
  readonly uid: string;
  readonly terminating: boolean;
  /** Reason of the condition DisruptionTarget; "": there is none. */
  readonly disruption: string;
} | null;

const BY_EVICTION = "EvictionByEvictionAPI";

/** Takes a pod away as a drain or a rebalancer does: the budgets of its service are asked first. */
export const podEvict = defineFault({
  name: "pod-evict",
  about:
    "Evicts a pod, as a drain would: it gets its own grace to end. A disruption budget that does " +
    "not allow it within 8 s fails the step in the budget's words.",
  on: "pod",
  lasts: "once",
  kinds: ["evict"],
  evidence:
    "The pod with that uid, which is gone, or ending with the condition that tells an eviction.",
  params: {},
  effects: (_params, pod) => [{ kind: "evict", pod, graceMs: null }],
  observe: look,
  // Whom it ends by is told only while it ends.
  gather: (seen, now) => (seen?.terminating === true ? seen : now),
  proof: (before, now, _params, pod) => ({
    effect: judge(before, now, pod),
    by: `pod ${pod.namespace}/${pod.name} as the API server has it`,
    saw: { before, now },
    needed:
      `the pod with uid ${pod.uid}, there and not ending before, is gone, or is ending with ` +
      `condition DisruptionTarget, reason ${BY_EVICTION}`,
  }),
});

async function look(witness: Witness, { namespace, name }: Target<"pod">): Promise<Seen> {
  const pod = await witness.object(`api/v1/namespaces/${namespace}/pods/${name}`);
  if (pod === null) return null;
  const told = listAt(pod, "status", "conditions").find(
    (one) => textAt(one, "type") === "DisruptionTarget" && textAt(one, "status") === "True",
  );
  return {
    uid: textAt(pod, "metadata", "uid"),
    terminating: at(pod, "metadata", "deletionTimestamp") !== undefined,
    disruption: textAt(told, "reason"),
  };
}

function judge(before: Seen, now: Seen, { uid }: Target<"pod">): "present" | "absent" | "unclear" {
  if (before === null || before.uid !== uid || before.terminating) return "unclear";
  if (now === null || now.uid !== uid) return "present";
  if (!now.terminating) return "absent";
  // It ends, but by somebody else's hand.
  return now.disruption === BY_EVICTION ? "present" : "unclear";
}
