import type { Evidence } from "../model/evidence.ts";
import { duration, type Read } from "../model/fields.ts";
import type { Json } from "../model/json.ts";
import type { Ms } from "../model/quantity.ts";
import { defineFault } from "../ports/fault.ts";
import { NET_FIELDS, netEffects } from "../ports/net-fields.ts";
import {
  allAnswer,
  lookThroughNetwork,
  medianOf,
  netBy,
  onAllWays,
  onAllWaysLeft,
  othersAnswer,
  timesOf,
  type NetSeen,
  type Way,
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

/** Packets take longer. */
export const netDelay = defineFault({
  name: "net-delay",
  about:
    "Each packet that a pod, a node or the end of a link receives, or sends, takes longer by a delay " +
    "that may wander.",
  on: ["pod", "node", "link"],
  lasts: "held",
  kinds: ["net-shape", "node-net"],
  evidence:
    "Time that answers by HTTP take: the median and the fastest of seven are later by the delay, " +
    "and beside a link none is. A delay below twice their spread before is not told from noise.",
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
  effects: (of, target) => {
    const { delayMs, jitterMs } = of;
    return netEffects(of, target, { delayMs, jitterMs, lossRatio: 0 });
  },
  observe: (witness, target, of) => {
    const atOnce = ASKS * mostMs(of) <= IN_TURN_MS ? 1 : ASKS;
    return lookThroughNetwork(witness, target, { params: of, asks: ASKS, atOnce, withinMs: 5_000 });
  },
  proof: (before, now, of, target) => ({
    effect: onAllWays(before, now, (was, is) => effectOf(was, is, of)),
    by: netBy(target),
    saw: { before: shown(before), now: shown(now) },
    needed: neededOf(of),
  }),
  healProof: (before, now, of, target) => ({
    effect: onAllWaysLeft(before, now, (was, is) => effectOf(was, is, of)),
    by: netBy(target),
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

function shown(seen: NetSeen): Json {
  const rounded = (told: Way["told"]): Json =>
    timesOf(told).map((ms) => Math.round(ms * 100) / 100);
  return seen.map(({ about, told, others, pod }) => ({
    about,
    tookMs: rounded(told),
    answered: allAnswer(told),
    ...(others.length === 0 ? {} : { othersTookMs: rounded(others) }),
    there: pod !== null,
  }));
}

function effectOf(before: Way, now: Way, of: Params): Evidence["effect"] {
  if (before.pod === null || now.pod === null) return "unclear";
  if (![before, now].every((way) => allAnswer(way.told) && othersAnswer(way))) return "unclear";
  const [was, is] = [timesOf(before.told), timesOf(now.told)];
  const least = was[0] ?? 0;
  // One slow answer of seven is no spread.
  const spread = (was.at(-2) ?? least) - least;
  if (of.delayMs < 2 * spread) return "unclear";
  const later = medianOf(is) - medianOf(was);
  if (later < 0.5 * of.delayMs) return "absent";
  // Far later than all ways together, or late beside the link too: something else is slow.
  if (later > mostMs(of) + 50 + 2 * spread) return "unclear";
  const othersLater = medianOf(timesOf(now.others)) - medianOf(timesOf(before.others));
  if (othersLater >= 0.5 * of.delayMs) return "unclear";
  const soonest = (is[0] ?? 0) - least;
  return later >= 0.8 * of.delayMs && soonest >= 0.8 * (of.delayMs - of.jitterMs)
    ? "present"
    : "unclear";
}
