import type { Evidence } from "../model/evidence.ts";
import { defineFault } from "../ports/fault.ts";
import { lookAtNode, nodeGrounds, silenceOf, type NodeSeen } from "../ports/node-looks.ts";

/** A machine loses its power: no last word to anybody, and a fresh boot when it is back. */
export const nodePowerOff = defineFault({
  name: "node-power-off",
  about: "A node loses its power without a word; heal is a fresh boot of the same machine.",
  on: "node",
  lasts: "held",
  kinds: ["power"],
  evidence:
    "The kubelet and pods of the node, which answered before and are silent; after heal its " +
    "boot id, which is another one.",
  params: {},
  effects: (_params, { node }) => [{ kind: "power", node }],
  observe: lookAtNode,
  proof: (before, now, _params, { node }) => ({
    effect: silenceOf(before, now),
    ...nodeGrounds(before, now, node),
    needed:
      `no word from the kubelet of ${node}, which answered before, nor from any of its pods that ` +
      `did (where none did: Ready of the node Unknown). From outside a node whose cable is out ` +
      `looks the same: only the boot id after heal tells`,
  }),
  healProof: (before, now, _params, { node }) => ({
    effect: bootOf(before, now),
    ...nodeGrounds(before, now, node),
    needed: `the kubelet of ${node} answers, the node is Ready, its boot id is not that of before`,
  }),
  // The API server may hold on to a connection to the dead kubelet for 45 s before it dials anew.
  proofWithinMs: 90_000,
});

/** Whether it has booted since: the node's status is old until its new kubelet has told the id. */
function bootOf(before: NodeSeen, now: NodeSeen): Evidence["effect"] {
  const effect = silenceOf(before, now);
  if (effect !== "absent") return effect;
  const booted = now.bootId !== "" && before.bootId !== "" && now.bootId !== before.bootId;
  return now.kubelet === "answers" && now.ready === "True" && booted ? "absent" : "unclear";
}
