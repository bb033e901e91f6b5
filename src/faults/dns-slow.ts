import type { Evidence } from "../model/evidence.ts";
import { duration } from "../model/fields.ts";
import type { Ms } from "../model/quantity.ts";
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

/** A look-up may put a question for each search domain, one after the other. */
const LOOK_UP_MS = 8_000;

/** Each question of a look-up is late. */
export const dnsSlow = defineFault({
  name: "dns-slow",
  about: "Look-ups of a name are slow in one pod; its name servers serve all others as before.",
  on: "pod",
  lasts: "held",
  kinds: ["dns"],
  evidence:
    "Time of a look-up from inside the pod by its own resolv.conf, which is the delay at least; " +
    "that of the node agent beside it is shorter.",
  params: {
    ...NAME_FIELDS,
    delay: duration({
      about:
        "added to each question: a look-up may put one for each search domain, and most resolvers " +
        "ask again after 5s",
      min: "50ms",
      max: "4s",
    }),
  },
  problems: nameProblems,
  effects: ({ name, delayMs }, pod) => [
    { kind: "dns", pod, name, does: { kind: "slow", delayMs } },
  ],
  observe: (witness, pod, params) =>
    lookAtName(witness, pod, { params, count: 1, withinMs: LOOK_UP_MS }),
  proof: (before, now, of, { namespace, name }) => ({
    effect: effectOf(before, now, of.delayMs),
    by: `look-ups from inside pod ${namespace}/${name}, and from the node agent beside it`,
    saw: { before, now },
    needed:
      `${lookedUp(of)} was known to both in less than ${of.delayMs}ms, and then to the pod alone ` +
      "in no less; gone once the pod knows it sooner",
  }),
});

const isQuick = (seen: LookUps, delayMs: Ms): boolean =>
  isKnown(seen) && seen.tookMs.every((tookMs) => tookMs < delayMs);

function effectOf(before: NamesSeen, now: NamesSeen, delayMs: Ms): Evidence["effect"] {
  if (!isQuick(before.pod, delayMs) || !isQuick(before.others, delayMs)) return "unclear";
  if (isQuick(now.pod, delayMs)) return "absent";
  // A server that is slow for everybody is so by itself, or by another hand.
  if (!isKnown(now.pod) || !isQuick(now.others, delayMs)) return "unclear";
  return now.pod.tookMs.every((tookMs) => tookMs >= delayMs) ? "present" : "unclear";
}
