import type { Evidence } from "../model/evidence.ts";
import type { Target } from "../model/target.ts";
import { defineFault } from "../ports/fault.ts";
import { askNode, signOf, signsOfPods, type NodeSeen, type Sign } from "../ports/node-looks.ts";
import type { Witness } from "../ports/witness.ts";

type Effect = Evidence["effect"];
type Seen = NodeSeen & {
  /** What the kubelet says when it must ask the runtime. */
  readonly runtime: Sign;
};

/** A container runtime makes no step: containers run on, and none starts, ends or is looked at. */
export const containerRuntimeStop = defineFault({
  name: "container-runtime-stop",
  about:
    "The container runtime of a node makes no step, nor does one that is started in its place; " +
    "containers run on. It ends at its time: before, nobody can ask for its end.",
  on: "node",
  lasts: "held",
  kinds: ["program-stop"],
  evidence:
    "The kubelet, which lives and is silent where it must ask its runtime, while pods of its node " +
    "answer.",
  params: {},
  effects: (_params, { node }) => [{ kind: "program-stop", node, program: "container-runtime" }],
  observe: look,
  proof: (before, now, _params, { node }) => ({
    effect: stopOf(before, now),
    by:
      `kubelet of ${node}, asked whether it lives and what its runtime runs, and its pods; ` +
      `status of the node`,
    saw: { before, now },
    needed:
      `a kubelet of ${node} that lives, and is silent where it must ask its runtime, which it did ` +
      `before, and an answer of a pod that did; after heal both answers, and Ready of the node True`,
  }),
  proofWithinMs: 60_000,
});

/** Silence is asked twice before it is believed: one that is only busy answers in between. */
async function look(witness: Witness, target: Target<"node">): Promise<Seen> {
  const first = await round(witness, target);
  return first.runtime === "silent" ? round(witness, target) : first;
}

async function round(witness: Witness, { node }: Target<"node">): Promise<Seen> {
  const [seen, runtime] = await Promise.all([
    askNode(witness, node),
    witness.kubelet(node, "runningpods/"),
  ]);
  return {
    ...seen,
    runtime: runtime.answered && runtime.status !== 200 ? "refuses" : signOf(runtime),
  };
}

function stopOf(before: Seen, now: Seen): Effect {
  const { kubelet, runtime, ready } = before;
  if (kubelet !== "answers" || runtime !== "answers" || ready !== "True") return "unclear";
  if (now.kubelet !== "answers") return "unclear";
  if (now.runtime === "answers") return now.ready === "True" ? "absent" : "unclear";
  // A runtime that cannot be asked at once is not there: it is not one that makes no step.
  if (now.runtime === "refuses") return "unclear";
  const pods = signsOfPods(before, now);
  return pods.length === 0 || pods.includes("answers") ? "present" : "unclear";
}
