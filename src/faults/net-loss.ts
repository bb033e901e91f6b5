import { lowerTail, shareInterval, upperTail } from "../measure/binomial.ts";
import type { Evidence } from "../model/evidence.ts";
import { share, type Read } from "../model/fields.ts";
import type { Json } from "../model/json.ts";
import { defineFault } from "../ports/fault.ts";
import {
  allAnswer,
  lookThroughNetwork,
  medianOf,
  NET_FIELDS,
  netScope,
  type NetSeen,
} from "../ports/net-looks.ts";

const AT_ONCE = 8;
const ASKS_MIN = 60;
const WITHIN_MS = 600;
/** A lost packet is sent again after 200 ms at the soonest. */
const SLOW_MS = 100;
/** Chance that the noise of before looks like a loss, and that a loss looks like none. */
const FALSE_PRESENT = 0.001;
const FALSE_ABSENT = 0.01;

const params = {
  loss: share({ about: "of the packets that are lost, each by itself", min: "1%", max: "90%" }),
  ...NET_FIELDS,
};
type Params = Read<typeof params>;

/** Packets of a pod are lost at random: TCP repeats them, late. */
export const netLoss = defineFault({
  name: "net-loss",
  about: "Some of the packets that a pod receives, or sends, are lost; all at once: net-partition.",
  on: "pod",
  lasts: "held",
  kinds: ["net-shape"],
  evidence:
    "Share of the pod's answers by HTTP that are late by a retransmission, 100 ms or more: more " +
    "than before (binomial, 0.1 %), and not fewer than the loss gives (1 %).",
  params,
  effects: (of, pod) => [
    {
      kind: "net-shape",
      pod,
      ...netScope(of),
      delayMs: 0,
      jitterMs: 0,
      lossRatio: of.lossRatio,
    },
  ],
  observe: (witness, pod, of) => {
    const how = { params: of, asks: asksOf(of), atOnce: AT_ONCE, withinMs: WITHIN_MS };
    return lookThroughNetwork(witness, pod, how);
  },
  // Few packets are lost in one look: they add up.
  gather: (seen, now) => ({ told: [...seen.told, ...now.told], pod: now.pod }),
  proof: (before, now, of, pod) => ({
    effect: effectOf(before, now, of),
    by: `time that answers of pod ${pod.namespace}/${pod.name} take by way of the API server`,
    saw: { before: shown(before, before), now: shown(before, now) },
    needed: neededOf(of),
  }),
  healProof: (before, now, of, pod) => ({
    effect: now.pod === null ? "absent" : effectOf(before, now, of),
    by: `time that answers of pod ${pod.namespace}/${pod.name} take by way of the API server`,
    saw: { before: shown(before, before), now: shown(before, now) },
    needed: neededOf(of),
  }),
});

/** So many that none late among them is as good as no loss. */
function asksOf({ lossRatio }: Params): number {
  return Math.max(ASKS_MIN, Math.ceil(Math.log(FALSE_ABSENT / 2) / Math.log1p(-lossRatio)));
}

const neededOf = ({ lossRatio }: Params): string =>
  `answers later than the median before by ${SLOW_MS} ms or more, so often that noise does it with ` +
  `${FALSE_PRESENT} at most; gone once they are so rare that a loss of ${lossRatio} does it with ` +
  `${FALSE_ABSENT} at most`;

function lateIn(before: NetSeen, { told }: NetSeen): number {
  const lateMs = medianOf(before.told.map(({ tookMs }) => tookMs)) + SLOW_MS;
  return told.filter(({ sign, tookMs }) => sign === "silent" || tookMs >= lateMs).length;
}

function shown(before: NetSeen, seen: NetSeen): Json {
  const [late, asks] = [lateIn(before, seen), seen.told.length];
  return { asks, late, interval99: { ...shareInterval(late, asks, 0.99) } };
}

function effectOf(before: NetSeen, now: NetSeen, { lossRatio }: Params): Evidence["effect"] {
  if (before.pod === null || now.pod === null || !allAnswer(before)) return "unclear";
  // A process that is gone refuses: that is no loss.
  if (now.told.length === 0 || now.told.some(({ sign }) => sign === "refuses")) return "unclear";
  // Nothing passes at all: that is more than a loss.
  if (now.told.every(({ sign }) => sign === "silent")) return "unclear";
  const [late, asks] = [lateIn(before, now), now.told.length];
  const noiseRatio = (lateIn(before, before) + 1) / (before.told.length + 1);
  const isLess = lowerTail(late, asks, lossRatio) < FALSE_ABSENT;
  const isMore = upperTail(late, asks, noiseRatio) < FALSE_PRESENT;
  if (isLess) return isMore ? "unclear" : "absent";
  return isMore ? "present" : "unclear";
}
