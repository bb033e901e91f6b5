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
  corrupt: share({ about: "of the packets that have a bit flipped", min: "1%", max: "50%" }),
  ...COUNTED_FIELDS,
};

/** Packets arrive with a wrong bit: checksums tell, and TCP repeats them, late. */
export const netCorrupt = defineFault({
  name: "net-corrupt",
  about:
    "Some of the packets that a pod receives have one bit flipped behind their IP header: the " +
    "checksum tells, and the pod's kernel drops them.",
  on: "pod",
  lasts: "held",
  kinds: ["net-shape"],
  evidence:
    "Segments with a wrong checksum that the pod's own kernel has counted while the witness asks: " +
    "more than before (binomial, 0.1 %), and not fewer than half of what was asked for (1 %).",
  params,
  effects: (of, pod) => [{ ...countedShape(of, pod), corruptRatio: of.corruptRatio }],
  observe: (witness, pod, of) => countWhileAsked(witness, pod, { params: of, of: countingOf(of) }),
  gather: addTallies,
  proof: (before, now, of, pod) => ({
    effect: tallyEffect(before, now, countingOf(of).leastRatio),
    ...countedGrounds(countingOf(of), pod),
    saw: { before: tallyShown(before), now: tallyShown(now) },
  }),
  proofWithinMs: 60_000,
});

/** What others send to the pod, and probes, may be left alone and count as segments. */
const countingOf = ({ corruptRatio }: Read<typeof params>): Counting => ({
  counters: ["Tcp.InCsumErrors"],
  leastRatio: 0.5 * corruptRatio,
});
