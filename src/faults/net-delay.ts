import type { Evidence } from "../model/evidence.ts";
import { duration, type Read } from "../model/fields.ts";
import type { Json } from "../model/json.ts";
import type { Ms } from "../model/quantity.ts";
import { defineFault } from "../ports/fault.ts";
import {
  allAnswer,
  lookThroughNetwork,
  medianOf,
  NET_FIELDS,
  netScope,
  type NetSeen,
} from "../ports/net-looks.ts";

/** The witness waits 5 s at most, and a new connection pays each way twice. */
const WITNESS_MS = 4_800;
const ASKS = 7;
/** A look with all asks one after the other must end in time. */
const IN_TURN_MS = 6_000;

const params = {
  delay: duration({ about: "added to each packet, one way", min: "1ms", max: "2400ms" }),
  jitter: duration({
    about: "how far the delay wanders to both sides; packets keep their order",
    max: "2400ms",
    default: "0ms",
  }),
  ...NET_FIELDS,
};
type Params = Read<typeof params>;

/** Packets of a pod take longer. */
export const netDelay = defineFault({
  name: "net-delay",
  about: "Each packet that a pod receives, or sends, takes longer by a delay that may wander.",
  on: "pod",
  lasts: "held",
  kinds: ["net-shape"],
  evidence:
    "Time that the pod's answers by HTTP take: the median and the fastest of seven are later by " +
    "the delay. A delay below twice their spread before is not told from noise.",
  params,
  problems: (of) => [
    ...(of.jitterMs > of.delayMs
      ? [`jitter must be at most delay, got ${of.jitterMs}ms over ${of.delayMs}ms`]
      : []),
    ...(mostMs(of) > WITNESS_MS
      ? [
          `delay + jitter must be at most ${WITNESS_MS / waysOf(of)}ms, or no answer is in time ` +
            `for its proof, got ${of.delayMs + of.jitterMs}ms`,
        ]
      : []),
  ],
  effects: (of, pod) => {
    const { delayMs, jitterMs } = of;
    return [{ kind: "net-shape", pod, ...netScope(of), delayMs, jitterMs, lossRatio: 0 }];
  },
  observe: (witness, pod, of) => {
    const atOnce = ASKS * mostMs(of) <= IN_TURN_MS ? 1 : ASKS;
    return lookThroughNetwork(witness, pod, { params: of, asks: ASKS, atOnce, withinMs: 5_000 });
  },
  proof: (before, now, of, pod) => ({
    effect: effectOf(before, now, of),
    by: `time that answers of pod ${pod.namespace}/${pod.name} take by way of the API server`,
    saw: { before: shown(before), now: shown(now) },
    needed: neededOf(of),
  }),
  healProof: (before, now, of, pod) => ({
    effect: now.pod === null ? "absent" : effectOf(before, now, of),
    by: `time that answers of pod ${pod.namespace}/${pod.name} take by way of the API server`,
    saw: { before: shown(before), now: shown(now) },
    needed: neededOf(of),
  }),
});

/** How often a delayed packet is waited for at most: a handshake, then the answer. */
const waysOf = ({ direction }: Params): number => (direction === "both" ? 4 : 2);
const mostMs = (of: Params): Ms => waysOf(of) * (of.delayMs + of.jitterMs);

const neededOf = (of: Params): string =>
  `a median later by at least ${0.8 * of.delayMs} ms and the fastest by ` +
  `${0.8 * (of.delayMs - of.jitterMs)} ms; gone once the median is later by less than half the delay`;

const timesOf = ({ told }: NetSeen): readonly Ms[] =>
  told.map(({ tookMs }) => tookMs).toSorted((a, b) => a - b);

function shown(seen: NetSeen): Json {
  const round = (ms: number): number => Math.round(ms * 100) / 100;
  return { tookMs: timesOf(seen).map(round), answered: allAnswer(seen), there: seen.pod !== null };
}

function effectOf(before: NetSeen, now: NetSeen, of: Params): Evidence["effect"] {
  if (before.pod === null || now.pod === null) return "unclear";
  if (!allAnswer(before) || !allAnswer(now)) return "unclear";
  const [was, is] = [timesOf(before), timesOf(now)];
  const least = was[0] ?? 0;
  // One slow answer of seven is no spread.
  const spread = (was.at(-2) ?? least) - least;
  if (of.delayMs < 2 * spread) return "unclear";
  const later = medianOf(is) - medianOf(was);
  if (later < 0.5 * of.delayMs) return "absent";
  // Far later than all ways together: something else is slow.
  if (later > mostMs(of) + 50 + 2 * spread) return "unclear";
  const soonest = (is[0] ?? 0) - least;
  return later >= 0.8 * of.delayMs && soonest >= 0.8 * (of.delayMs - of.jitterMs)
    ? "present"
    : "unclear";
}
