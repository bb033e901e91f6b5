import type { Evidence } from "../model/evidence.ts";
import { DNS_CODES, type DnsCode } from "../model/eyes-of-a-pod.ts";
import { choice } from "../model/fields.ts";
import {
  isKnown,
  lookAtName,
  lookedUp,
  NAME_FIELDS,
  nameProblems,
  type NamesSeen,
} from "../ports/dns-looks.ts";
import { defineFault } from "../ports/fault.ts";

/** How a resolver puts it. */
const SAYS: Readonly<Record<DnsCode, string>> = {
  SERVFAIL: "server misbehaving",
  NXDOMAIN: "no such host",
};

/** Connections that are there go on; whoever looks the name up again cannot reach it. */
export const dnsFailure = defineFault({
  name: "dns-failure",
  about: "Look-ups of a name fail in one pod; its name servers serve all others.",
  on: "pod",
  lasts: "held",
  kinds: ["dns"],
  evidence:
    "Look-ups from inside the pod by its own resolv.conf fail as wanted, while those of the node " +
    "agent beside it give an address.",
  params: {
    ...NAME_FIELDS,
    code: choice(DNS_CODES, {
      about: "SERVFAIL: the server could not find out; NXDOMAIN: there is no such name",
      default: "SERVFAIL",
    }),
  },
  problems: nameProblems,
  effects: ({ name, code }, pod) => [{ kind: "dns", pod, name, does: { kind: "fail", code } }],
  observe: (witness, pod, params) =>
    lookAtName(witness, pod, { params, count: 3, withinMs: 2_000 }),
  proof: (before, now, of, { namespace, name }) => ({
    effect: effectOf(before, now, of.code),
    by: `look-ups from inside pod ${namespace}/${name}, and from the node agent beside it`,
    saw: { before, now },
    needed:
      `${lookedUp(of)} was known to both, and then the pod's look-ups alone fail by ` +
      `"${SAYS[of.code]}"; gone once it is known to the pod`,
  }),
});

function effectOf(before: NamesSeen, now: NamesSeen, code: DnsCode): Evidence["effect"] {
  if (!isKnown(before.pod) || !isKnown(before.others)) return "unclear";
  if (isKnown(now.pod)) return "absent";
  // A server that fails everybody fails by itself, or by another hand.
  if (!isKnown(now.others) || now.pod.known > 0) return "unclear";
  return now.pod.why.includes(SAYS[code]) ? "present" : "unclear";
}
