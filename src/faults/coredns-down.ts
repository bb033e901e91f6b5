import { AGENT, agentPods } from "../model/agent-pod.ts";
import type { Evidence } from "../model/evidence.ts";
import { text } from "../model/fields.ts";
import { at, listAt, textAt, type Json, type KubeObject } from "../model/json.ts";
import type { Target } from "../model/target.ts";
import { defineFault } from "../ports/fault.ts";
import type { Witness } from "../ports/witness.ts";

const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const RULE = "a name of a-z, 0-9 and -";
/** A name that every cluster has, and an address behind it that is not the DNS's own. */
const ASKED = "tcp://kubernetes.default.svc:443";
const ANSWER_MS = 3_000;

type Seen = {
  /** Addresses that the Service of the DNS leads to; null: there is no such Service. */
  readonly ready: number | null;
  /** Whether a pod gets an address for a name; null: no node agent is there to ask from. */
  readonly resolves: boolean | null;
};

/** Nobody answers for the names of the cluster: what is connected stays, what looks up fails. */
export const corednsDown = defineFault({
  name: "coredns-down",
  about:
    "The cluster's DNS is scaled to none: no pod gets an address for a name. Connections that are " +
    "there stay. Heal brings as many back as there were.",
  on: "cluster",
  lasts: "held",
  kinds: ["scale"],
  evidence:
    "Endpoints of the DNS Service, none of which is ready where there were some, and a name that " +
    "a pod of the node agent looks up in vain.",
  params: {
    namespace: text({
      about: "namespace of the Deployment and its Service",
      pattern: NAME,
      rule: RULE,
      default: "kube-system",
    }),
    deployment: text({
      about: "the Deployment of the DNS",
      pattern: NAME,
      rule: RULE,
      default: "coredns",
    }),
    service: text({
      about: "the Service of the DNS",
      pattern: NAME,
      rule: RULE,
      default: "kube-dns",
    }),
  },
  effects: ({ namespace, deployment }) => [{ kind: "scale", namespace, deployment, replicas: 0 }],
  observe: look,
  proof: (before, now, { namespace, service }) => ({
    effect: effectOf(before, now),
    by: `endpoints of Service ${namespace}/${service}, and a lookup by a pod of the node agent`,
    saw: { before, now },
    needed:
      "no endpoint of the DNS ready, where there were some, and no address for a name, where " +
      "there was one before; gone once both are there again",
  }),
  proofWithinMs: 60_000,
});

async function look(
  witness: Witness,
  _target: Target<"cluster">,
  { namespace, service }: { readonly namespace: string; readonly service: string },
): Promise<Seen> {
  const label = encodeURIComponent(`kubernetes.io/service-name=${service}`);
  const slices = `apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
  const [known, list, resolves] = await Promise.all([
    witness.object(`api/v1/namespaces/${namespace}/services/${service}`),
    witness.object(`${slices}?labelSelector=${label}`),
    resolvesNow(witness),
  ]);
  return { ready: known === null ? null : readyIn(list), resolves };
}

/** An end that is neither told to be ready nor not to be is one. */
function readyIn(list: Json): number {
  const ends = listAt(list, "items").flatMap((slice) => listAt(slice, "endpoints"));
  return ends.filter((end) => at(end, "conditions", "ready") !== false).length;
}

/** Asked by the agent of always the same node. */
async function resolvesNow(witness: Witness): Promise<boolean | null> {
  const list = await witness.object(`api/v1/namespaces/${AGENT.namespace}/pods`);
  const node = (pod: unknown): string => textAt(pod, "spec", "nodeName");
  const [agent] = agentPods(listAt(list, "items") as readonly KubeObject[]).toSorted((a, b) =>
    node(a) < node(b) ? -1 : 1,
  );
  if (agent === undefined) return null;
  const pod: Target<"pod"> = {
    kind: "pod",
    namespace: AGENT.namespace,
    name: agent.metadata.name,
    uid: textAt(agent, "metadata", "uid"),
    node: node(agent),
  };
  // In the agent's own network, which is that of no other pod.
  const ask = { url: ASKED, count: 1, withinMs: ANSWER_MS, outside: true };
  const [asked] = await witness.fromPod(pod, ask);
  if (asked === undefined) throw new Error(`look at ${ASKED}: must be told of one ask, got none`);
  // Whoever does not answer has an address all the same.
  return asked.answered || !/\blookup\b/.test(asked.why);
}

function effectOf(before: Seen, now: Seen): Evidence["effect"] {
  if (before.ready === null || before.ready === 0 || before.resolves === false) return "unclear";
  if (now.ready === null) return "unclear";
  if (now.ready === 0) return now.resolves === true ? "unclear" : "present";
  return now.resolves === false ? "unclear" : "absent";
}
