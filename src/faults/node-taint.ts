import type { Evidence } from "../model/evidence.ts";
import { podsOnNode } from "../model/drain.ts";
import { choice, text } from "../model/fields.ts";
import { at, listAt, textAt } from "../model/json.ts";
import type { Target } from "../model/target.ts";
import { defineFault } from "../ports/fault.ts";
import type { Witness } from "../ports/witness.ts";

const PART = "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?";
const PREFIX = "[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?";

interface Taint {
  readonly key: string;
  readonly value: string;
  readonly effect: string;
}

type Seen = {
  /** Null: there is no such node. */
  readonly tainted: boolean | null;
  /** Pods there that do not tolerate it and are not ending: `shop/server-1`. */
  readonly intolerant: readonly string[];
};

/** A node is marked as one that only some pods bear, as a health check or a person would. */
export const nodeTaint = defineFault({
  name: "node-taint",
  about:
    "A node has a taint: NoSchedule keeps new pods away that do not tolerate it, NoExecute also " +
    "throws out those that are there, and asks no disruption budget.",
  on: "node",
  lasts: "held",
  kinds: ["taint"],
  evidence:
    "The node's taints, and for NoExecute its pods: none is left that does not tolerate the taint.",
  params: {
    key: text({
      about: "key of the taint",
      pattern: new RegExp(`^(${PREFIX}/)?${PART}$`),
      rule: "a name of letters, digits, -, _ and ., with a prefix and / or without",
      default: "ninety/taint",
    }),
    value: text({
      about: "value of the taint",
      pattern: new RegExp(`^(${PART})?$`),
      rule: "letters, digits, -, _ and ., or empty",
      default: "",
    }),
    effect: choice(["NoSchedule", "NoExecute"], {
      about: "what becomes of pods that do not tolerate it",
      default: "NoExecute",
    }),
  },
  effects: (taint, { node }) => [{ kind: "taint", node, ...taint }],
  observe: look,
  proof: (before, now, { key, effect }, { node }) => ({
    effect: effectOf(before, now, effect),
    by: `node ${node} and its pods as the API server has them`,
    saw: { before, now },
    needed:
      `taint ${key}:${effect} on ${node}, which had none` +
      (effect === "NoExecute" ? ", and no pod there that does not tolerate it" : ""),
  }),
  proofWithinMs: 60_000,
});

async function look(witness: Witness, { node }: Target<"node">, taint: Taint): Promise<Seen> {
  const [object, pods] = await Promise.all([
    witness.object(`api/v1/nodes/${node}`),
    witness.object(podsOnNode(node)),
  ]);
  const tainted = listAt(object, "spec", "taints").some(
    (one) => textAt(one, "key") === taint.key && textAt(one, "effect") === taint.effect,
  );
  const intolerant = listAt(pods, "items")
    .filter((pod) => at(pod, "metadata", "deletionTimestamp") === undefined)
    .filter((pod) => !listAt(pod, "spec", "tolerations").some((one) => tolerates(one, taint)))
    .map((pod) => `${textAt(pod, "metadata", "namespace")}/${textAt(pod, "metadata", "name")}`);
  return { tainted: object === null ? null : tainted, intolerant: intolerant.sort() };
}

/** For however long: one that tolerates it for a while is not waited for. */
function tolerates(toleration: unknown, { key, value, effect }: Taint): boolean {
  const [ofKey, ofEffect] = [textAt(toleration, "key"), textAt(toleration, "effect")];
  if (ofEffect !== "" && ofEffect !== effect) return false;
  if (textAt(toleration, "operator") === "Exists") return ofKey === "" || ofKey === key;
  return ofKey === key && textAt(toleration, "value") === value;
}

function effectOf(before: Seen, now: Seen, effect: string): Evidence["effect"] {
  if (before.tainted !== false || now.tainted === null) return "unclear";
  if (!now.tainted) return "absent";
  return effect === "NoSchedule" || now.intolerant.length === 0 ? "present" : "unclear";
}
