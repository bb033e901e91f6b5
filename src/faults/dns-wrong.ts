import type { Evidence } from "../model/evidence.ts";
import { text } from "../model/fields.ts";
import {
  isKnown,
  lookAtName,
  lookedUp,
  NAME_FIELDS,
  nameProblems,
  type LookUps,
  type NamesSeen,
} from "../ports/dns-looks.ts";
import { defineFault } from "../ports/fault.ts";

const BYTE = "(?:0|[1-9]\\d?|1\\d\\d|2[0-4]\\d|25[0-5])";
/** Nobody outside of the cluster is ever led to. */
const NETWORKS = [
  `(?:127|10)\\.${BYTE}\\.${BYTE}`,
  `172\\.(?:1[6-9]|2\\d|3[01])\\.${BYTE}`,
  `192\\.168\\.${BYTE}`,
  "192\\.0\\.2",
  "198\\.51\\.100",
  "203\\.0\\.113",
];

/** Connections that are there go on; whoever looks the name up again goes elsewhere. */
export const dnsWrong = defineFault({
  name: "dns-wrong",
  about: "Look-ups of a name give a wrong address in one pod; its name servers serve all others.",
  on: "pod",
  lasts: "held",
  kinds: ["dns"],
  evidence:
    "The address that look-ups from inside the pod give by its own resolv.conf, which is the wrong " +
    "one, while those of the node agent beside it give another.",
  params: {
    ...NAME_FIELDS,
    address: text({
      about: "the only address of each such name; by default one that nobody has",
      pattern: new RegExp(`^(?:${NETWORKS.join("|")})\\.${BYTE}$`),
      rule:
        "an IPv4 address of loopback, of a private network (10.0.0.0/8, 172.16.0.0/12, " +
        "192.168.0.0/16) or of documentation (192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24)",
      default: "192.0.2.1",
    }),
  },
  problems: nameProblems,
  effects: ({ name, address }, pod) => [
    { kind: "dns", pod, name, does: { kind: "wrong", address } },
  ],
  observe: (witness, pod, params) =>
    lookAtName(witness, pod, { params, count: 3, withinMs: 2_000 }),
  proof: (before, now, of, { namespace, name }) => ({
    effect: effectOf(before, now, of.address),
    by: `look-ups from inside pod ${namespace}/${name}, and from the node agent beside it`,
    saw: { before, now },
    needed:
      `${lookedUp(of)} had another address than ${of.address} for both, and then has it for the ` +
      "pod alone; gone once the pod is told of none such",
  }),
});

function effectOf(before: NamesSeen, now: NamesSeen, address: string): Evidence["effect"] {
  const told = ({ addresses }: LookUps): number =>
    addresses.filter((one) => one === address).length;
  const isRight = (seen: LookUps): boolean => isKnown(seen) && told(seen) === 0;
  if (!isRight(before.pod) || !isRight(before.others)) return "unclear";
  if (isRight(now.pod)) return "absent";
  // A server that misleads everybody does so by itself, or by another hand.
  return told(now.pod) === now.pod.asked && isRight(now.others) ? "present" : "unclear";
}
