import type { Evidence } from "../model/evidence.ts";
import { textAt } from "../model/json.ts";
import { defineFault } from "../ports/fault.ts";
import { readyOf } from "../ports/node-looks.ts";

type Seen = {
  /** Status of the node's condition Ready; "": there is no such node. */
  readonly ready: string;
  /** When its kubelet last said so. */
  readonly toldAt: string;
  readonly bootId: string;
};

/** A machine boots anew: all that ran on it is gone without a word, and it is back in seconds. */
export const nodeReboot = defineFault({
  name: "node-reboot",
  about: "A node loses its power without a word and boots again at once.",
  on: "node",
  lasts: "once",
  kinds: ["reboot"],
  evidence: "The node's boot id, which is another one than before, and that it is Ready with it.",
  params: {},
  effects: (_params, { node }) => [{ kind: "reboot", node }],
  observe: async (witness, { node }): Promise<Seen> => {
    const object = await witness.object(`api/v1/nodes/${node}`);
    const ready = readyOf(object);
    return {
      ready: textAt(ready, "status"),
      toldAt: textAt(ready, "lastHeartbeatTime"),
      bootId: textAt(object, "status", "nodeInfo", "bootID"),
    };
  },
  proof: (before, now, _params, { node }) => ({
    effect: bootOf(before, now),
    by: `status of node ${node}`,
    saw: { before, now },
    needed: `another boot id of ${node} than ${before.bootId}, and Ready True, told anew`,
  }),
  proofWithinMs: 120_000,
});

/** The new kubelet tells its boot id at once; Ready is that of before until it has told it too. */
function bootOf(before: Seen, now: Seen): Evidence["effect"] {
  if (before.bootId === "" || before.ready !== "True" || now.bootId === "") return "unclear";
  if (now.bootId === before.bootId) return "absent";
  const isTold = now.toldAt !== "" && now.toldAt !== before.toldAt;
  return now.ready === "True" && isTold ? "present" : "unclear";
}
