import { addTallies, tallyEffect, tallyShown } from "../measure/tally.ts";
import { share, type Read } from "../model/fields.ts";
import { defineFault } from "../ports/fault.ts";
import {
  COUNTED_FIELDS,
  countedGrounds,
  countedShape,
  countWhileAsked,
  type Counting,
} from "../ports/net-counts.ts";

const params = {
  duplicate: share({ about: "of the packets that come twice", min: "1%" }),
  ...COUNTED_FIELDS,
};

/** Packets arrive twice: TCP keeps one, what reads datagrams must. */
export const netDuplicate = defineFault({
  name: "net-duplicate",
  about: "Some of the packets that a pod receives come twice, the second right behind the first.",
  on: "pod",
  lasts: "held",
  kinds: ["net-shape"],
  evidence:
    "Segments that the pod's own kernel has received twice, and told their sender by DSACK, while " +
    "the witness asks: more than before (binomial, 0.1 %), and not fewer than a quarter of what " +
    "was asked for (1 %): it tells of data only.",
  params,
  effects: (of, pod) => [{ ...countedShape(of, pod), duplicateRatio: of.duplicateRatio }],
  observe: (witness, pod, of) => countWhileAsked(witness, pod, { params: of, of: countingOf(of) }),
  gather: addTallies,
  proof: (before, now, of, pod) => ({
    effect: tallyEffect(before, now, countingOf(of).leastRatio),
    ...countedGrounds(countingOf(of), pod),
    saw: { before: tallyShown(before), now: tallyShown(now) },
  }),
  proofWithinMs: 60_000,
});

const countingOf = ({ duplicateRatio }: Read<typeof params>): Counting => ({
  counters: ["TcpExt.TCPDSACKOldSent", "TcpExt.TCPDSACKOfoSent"],
  leastRatio: 0.25 * duplicateRatio,
});
