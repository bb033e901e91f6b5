import { goesAtDrain, podsOnNode } from "../model/drain.ts";
import type { Evidence } from "../model/evidence.ts";
import { at, listAt, textAt } from "../model/json.ts";
import type { Target } from "../model/target.ts";
import { defineFault } from "../ports/fault.ts";
import type { Witness } from "../ports/witness.ts";

type Seen = {
  /** Null: there is no such node. */
  readonly cordoned: boolean | null;
  /** Pods on it that a drain takes away, ending or not: `shop/server-1`. */
  readonly pods: readonly string[];
};

/** Maintenance of a node: nothing new comes to it, and what is there goes as budgets allow. */
export const nodeDrain = defineFault({
  name: "node-drain",
  about:
    "A node is cordoned and its pods are evicted as budgets allow, as long as it lasts. Pods of " +
    "DaemonSets, static pods and pods without an owner stay. Heal opens it; no pod is moved back.",
  on: "node",
  lasts: "held",
  kinds: ["cordon", "drain"],
  evidence:
    "The node, which is unschedulable where it was not, and its pods, none of which is left but " +
    "those that a drain spares. Held for less than a pod's grace it is unproved.",
  params: {},
  effects: (_params, { node }) => [
    { kind: "cordon", node },
    { kind: "drain", node },
  ],
  observe: look,
  proof: (before, now, _params, { node }) => ({
    effect: effectOf(before, now),
    ...grounds(before, now, node),
    needed:
      `${node}, open before, is unschedulable, and has no pod that a drain takes; a pod's object ` +
      `goes once the kubelet has ended it`,
  }),
  healProof: (before, now, _params, { node }) => ({
    effect: healOf(before, now),
    ...grounds(before, now, node),
    needed: `${node} is schedulable as before`,
  }),
  // One pod after the other, each with its grace and with a replacement that must be Ready first.
  proofWithinMs: 120_000,
});

async function look(witness: Witness, { node }: Target<"node">): Promise<Seen> {
  const [object, pods] = await Promise.all([
    witness.object(`api/v1/nodes/${node}`),
    witness.object(podsOnNode(node)),
  ]);
  const names = listAt(pods, "items")
    .filter(goesAtDrain)
    .map((pod) => `${textAt(pod, "metadata", "namespace")}/${textAt(pod, "metadata", "name")}`);
  return {
    cordoned: object === null ? null : at(object, "spec", "unschedulable") === true,
    pods: names.sort(),
  };
}

const grounds = (before: Seen, now: Seen, node: string): Pick<Evidence, "by" | "saw"> => ({
  by: `node ${node} and its pods as the API server has them`,
  saw: { before, now },
});

function effectOf(before: Seen, now: Seen): Evidence["effect"] {
  if (before.cordoned !== false || now.cordoned === null) return "unclear";
  if (now.cordoned) return now.pods.length === 0 ? "present" : "unclear";
  // An open node that has lost all its pods has met something else.
  return before.pods.length > 0 && now.pods.length === 0 ? "unclear" : "absent";
}

function healOf(before: Seen, now: Seen): Evidence["effect"] {
  if (before.cordoned !== false || now.cordoned === null) return "unclear";
  return now.cordoned ? "present" : "absent";
}
