import type { Evidence } from "../model/evidence.ts";
import type { Target } from "../model/target.ts";
import { defineFault } from "../ports/fault.ts";
import { askNode, signsOfPods, type NodeSeen } from "../ports/node-looks.ts";
import type { Witness } from "../ports/witness.ts";

type Effect = Evidence["effect"];

/** A kubelet makes no step: its pods serve on, unwatched, until the cluster gives the node up. */
export const kubeletStop = defineFault({
  name: "kubelet-stop",
  about:
    "The kubelet of a node makes no step, nor does one that is started in its place; its pods " +
    "run on. It ends at its time: before, nobody can ask for its end.",
  on: "node",
  lasts: "held",
  kinds: ["program-stop"],
  evidence: "The kubelet, which answered before and is silent, while pods of its node answer.",
  params: {},
  effects: (_params, { node }) => [{ kind: "program-stop", node, program: "kubelet" }],
  observe: look,
  proof: (before, now, _params, { node }) => ({
    effect: stopOf(before, now),
    by: `kubelet of ${node} and its pods, asked by way of the API server; status of the node`,
    saw: { before, now },
    needed:
      `no word from the kubelet of ${node}, which answered before, and an answer of a pod of it ` +
      `that did; after heal the kubelet's, and Ready of the node True`,
  }),
  // A node that was given up meanwhile is Ready again with the next status of its kubelet.
  proofWithinMs: 60_000,
});

/** Silence is asked twice before it is believed: one that is only busy answers in between. */
async function look(witness: Witness, { node }: Target<"node">): Promise<NodeSeen> {
  const first = await askNode(witness, node);
  return first.kubelet === "silent" ? askNode(witness, node) : first;
}

function stopOf(before: NodeSeen, now: NodeSeen): Effect {
  if (before.kubelet !== "answers" || before.ready !== "True") return "unclear";
  if (now.kubelet === "answers") return now.ready === "True" ? "absent" : "unclear";
  // Where nobody listens there is no process that could be stopped.
  if (now.kubelet === "refuses") return "unclear";
  return signsOfPods(before, now).includes("answers") ? "present" : "unclear";
}
