import type { Evidence } from "../model/evidence.ts";
import { choice } from "../model/fields.ts";
import { defineFault } from "../ports/fault.ts";
import { lookAtNode, nodeGrounds, silenceOf, type NodeSeen } from "../ports/node-looks.ts";

/** A node whose packets are lost: it runs on, with all its pods, and nobody hears of it. */
export const nodePartition = defineFault({
  name: "node-partition",
  about:
    "No packet comes to a node from elsewhere, or none leaves it, its pods' included, while it runs " +
    "on; its own pods still reach each other. Its kubelet's port goes 2 s later than all else, so " +
    "that whoever asked for it hears that it is there; it ends by itself, up to 3 s late.",
  on: "node",
  lasts: "held",
  kinds: ["node-net"],
  evidence:
    "The kubelet and pods of the node, which answered before and are silent; after heal they answer " +
    "without a boot. A cut one way looks like one both ways, or like a power loss.",
  params: {
    direction: choice(["in", "out", "both"], {
      about: "packets that come to the node, that leave it, or both",
      default: "both",
    }),
  },
  effects: ({ direction }, { node }) => [
    {
      kind: "node-net",
      node,
      direction,
      ports: [],
      delayMs: 0,
      jitterMs: 0,
      lossRatio: 1,
      sparesControlPath: false,
    },
  ],
  observe: lookAtNode,
  proof: (before, now, { direction }, { node }) => ({
    effect: silenceOf(before, now),
    ...nodeGrounds(before, now, node),
    needed:
      `no word from the kubelet of ${node}, which answered before, nor from any of its pods that ` +
      `did (where none did: Ready of the node Unknown). Which way is cut (${direction}) is not seen ` +
      `from outside: an answer needs both`,
  }),
  healProof: (before, now, _params, { node }) => ({
    effect: joinedOf(before, now),
    ...nodeGrounds(before, now, node),
    needed: `the kubelet of ${node} answers, the node is Ready, its boot id is that of before`,
  }),
  // The API server may hold on to a connection to the silent kubelet for 45 s before it dials anew.
  proofWithinMs: 90_000,
});

/** A machine that has booted meanwhile was without power: that is no heal of a cut. */
function joinedOf(before: NodeSeen, now: NodeSeen): Evidence["effect"] {
  const effect = silenceOf(before, now);
  if (effect !== "absent") return effect;
  const same = now.bootId !== "" && now.bootId === before.bootId;
  return now.kubelet === "answers" && now.ready === "True" && same ? "absent" : "unclear";
}
