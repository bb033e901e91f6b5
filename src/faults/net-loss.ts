import { lowerTail, shareInterval, upperTail } from "../measure/binomial.ts";
import type { Evidence } from "../model/evidence.ts";
import { share, type Read } from "../model/fields.ts";
import type { Json } from "../model/json.ts";
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
  type Told,
  type Way,
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

/** Packets are lost at random: TCP repeats them, late. */
export const netLoss = defineFault({
  name: "net-loss",
  about:
    "Some of the packets that a pod, a node or the end of a link receives, or sends, are lost; all " +
    "of them: net-partition, node-partition.",
  on: ["pod", "node", "link"],
  lasts: "held",
  kinds: ["net-shape", "node-net"],
  evidence:
    "Share of answers by HTTP that are late by a retransmission, 100 ms or more: more than before " +
    "(binomial, 0.1 %), and not fewer than the loss gives (1 %); beside a link not more than before.",
  params,
  effects: (of, target) =>
    netEffects(of, target, { delayMs: 0, jitterMs: 0, lossRatio: of.lossRatio }),
  observe: (witness, target, of) => {
    const how = { params: of, asks: asksOf(of), atOnce: AT_ONCE, withinMs: WITHIN_MS };
    return lookThroughNetwork(witness, target, how);
  },
  // Few packets are lost in one look: they add up.
  gather: (seen, now) =>
    now.map((way, nth) => {
      const was = seen[nth];
      if (was?.about !== way.about) return way;
      const { told, others } = was;
      return { ...way, told: [...told, ...way.told], others: [...others, ...way.others] };
    }),
  proof: (before, now, of, target) => ({
    effect: onAllWays(before, now, (was, is) => effectOf(was, is, of)),
    by: netBy(target),
    saw: { before: shown(before, before), now: shown(before, now) },
    needed: neededOf(of),
  }),
  healProof: (before, now, of, target) => ({
    effect: onAllWaysLeft(before, now, (was, is) => effectOf(was, is, of)),
    by: netBy(target),
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

function lateIn(before: readonly Told[], told: readonly Told[]): number {
  const lateMs = medianOf(timesOf(before)) + SLOW_MS;
  return told.filter(({ sign, tookMs }) => sign === "silent" || tookMs >= lateMs).length;
}

function shown(before: NetSeen, seen: NetSeen): Json {
  return seen.map(({ about, told, others }, nth) => {
    const [late, asks] = [lateIn(before[nth]?.told ?? told, told), told.length];
    const beside = { asks: others.length, late: lateIn(before[nth]?.others ?? others, others) };
    return {
      about,
      asks,
      late,
      interval99: { ...shareInterval(late, asks, 0.99) },
      ...(others.length === 0 ? {} : { beside }),
    };
  });
}

/** Chance that so many are late, or more, where nothing has changed. */
function chanceOf(before: readonly Told[], told: readonly Told[]): number {
  const noiseRatio = (lateIn(before, before) + 1) / (before.length + 1);
  return upperTail(lateIn(before, told), told.length, noiseRatio);
}

function effectOf(before: Way, now: Way, { lossRatio }: Params): Evidence["effect"] {
  const { told } = now;
  if (before.pod === null || now.pod === null) return "unclear";
  if (!allAnswer(before.told) || !othersAnswer(before)) return "unclear";
  // A process that is gone refuses: that is no loss.
  if (told.length === 0 || told.some(({ sign }) => sign === "refuses")) return "unclear";
  // Nothing passes at all: that is more than a loss.
  if (told.every(({ sign }) => sign === "silent")) return "unclear";
  const isLess = lowerTail(lateIn(before.told, told), told.length, lossRatio) < FALSE_ABSENT;
  const isMore = chanceOf(before.told, told) < FALSE_PRESENT;
  if (isLess) return isMore ? "unclear" : "absent";
  if (now.others.length > 0 && chanceOf(before.others, now.others) < FALSE_PRESENT)
    return "unclear";
  return isMore ? "present" : "unclear";
}
