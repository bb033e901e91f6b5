import { addTallies, tallyEffect, tallyShown } from "../measure/tally.ts";
import { duration, share, type Read } from "../model/fields.ts";
import { defineFault } from "../ports/fault.ts";
import {
  COUNTED_FIELDS,
  countedGrounds,
  countedShape,
  countWhileAsked,
  type Counting,
} from "../ports/net-counts.ts";

const params = {
  reorder: share({ about: "of the packets that are not delayed", min: "1%", max: "75%" }),
  delay: duration({
    about: "by which all others are late, so that those overtake them",
    min: "1ms",
    max: "400ms",
    default: "20ms",
  }),
  ...COUNTED_FIELDS,
};

/** Packets overtake each other: TCP sorts them, and may take it for a loss. */
export const netReorder = defineFault({
  name: "net-reorder",
  about:
    "Packets that a pod receives are late, and some of them are not: these overtake the others.",
  on: "pod",
  lasts: "held",
  kinds: ["net-shape"],
  evidence:
    "Segments that came to the pod's own kernel before earlier ones, which it has counted while " +
    "the witness asks: more than before (binomial, 0.1 %), and not fewer than a tenth of what was " +
    "asked for (1 %): one with nothing before it overtakes nothing.",
  params,
  effects: (of, pod) => {
    const { reorderRatio, delayMs } = of;
    return [{ ...countedShape(of, pod), reorderRatio, delayMs }];
  },
  observe: (witness, pod, of) => countWhileAsked(witness, pod, { params: of, of: countingOf(of) }),
  gather: addTallies,
  proof: (before, now, of, pod) => ({
    effect: tallyEffect(before, now, countingOf(of).leastRatio),
    ...countedGrounds(countingOf(of), pod),
    saw: { before: tallyShown(before), now: tallyShown(now) },
  }),
  proofWithinMs: 60_000,
});

const countingOf = ({ reorderRatio }: Read<typeof params>): Counting => ({
  counters: ["TcpExt.TCPOFOQueue"],
  leastRatio: 0.1 * reorderRatio,
});
