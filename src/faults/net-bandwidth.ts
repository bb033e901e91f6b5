import type { Evidence } from "../model/evidence.ts";
import { size, type Read } from "../model/fields.ts";
import type { Ms } from "../model/quantity.ts";
import { defineFault } from "../ports/fault.ts";
import { askedPort, NET_FIELDS, netScope } from "../ports/net-fields.ts";
import type { Witness } from "../ports/witness.ts";

const KIB = 1_024;
/** A body that any server takes, or refuses only once it has read it. */
const BODY_MAX_BYTES = 768 * KIB;
const BODY_MIN_BYTES = 16 * KIB;
/** What is asked for takes so long at the bandwidth, where it is large enough. */
const TAKES_MS = 800;
const AT_ONCE_MAX = 8;

const params = {
  perSecond: size({
    about: "bytes of packets that pass each second, each way by itself",
    min: "4KiB",
    max: "8MiB",
  }),
  queue: size({
    about: "bytes of packets that wait for their turn; what does not fit is lost",
    min: "2KiB",
    max: "64MiB",
    default: "64KiB",
  }),
  ...NET_FIELDS,
};
type Params = Read<typeof params>;
type Seen = {
  /** Of those that were asked at once. */
  readonly tookMs: readonly Ms[];
  readonly answered: boolean;
  readonly sentBytes: number;
  readonly gotBytes: number;
};

/** A narrow way to a pod, or from it. */
export const netBandwidth = defineFault({
  name: "net-bandwidth",
  about:
    "A pod receives, or sends, no more than so many bytes a second; few more wait, the rest is lost.",
  on: "pod",
  lasts: "held",
  kinds: ["net-shape"],
  evidence:
    "Time until large requests by HTTP are answered: as long as their bytes, or those of the " +
    "answers, take at that bandwidth, where they took less than half of it before. Name a path " +
    "that reads a body; out: one with large answers.",
  params,
  effects: (of, pod) => [
    {
      kind: "net-shape",
      pod,
      ...netScope(of),
      peers: null,
      delayMs: 0,
      jitterMs: 0,
      lossRatio: 0,
      affectsProbes: of.affectsProbes,
      bandwidth: { bytesPerSecond: of.perSecondBytes, queueBytes: of.queueBytes },
    },
  ],
  observe: look,
  proof: (before, now, of, pod) => ({
    effect: effectOf(before, now, of),
    by: `time that answers of pod ${pod.namespace}/${pod.name} take by way of the API server`,
    saw: { before, now, leastMs: leastMsOf(now, of) },
    needed:
      "as long as the bytes take at that bandwidth, less a tenth, and twice as long as before; gone " +
      "once half of it is enough",
  }),
});

/** Requests with a body, at once; where only answers are met, they carry none. */
async function look(
  witness: Witness,
  pod: Parameters<Witness["http"]>[0],
  of: Params,
): Promise<Seen> {
  const wanted = (of.perSecondBytes * TAKES_MS) / 1_000;
  const bodyBytes = Math.round(Math.min(BODY_MAX_BYTES, Math.max(BODY_MIN_BYTES, wanted)));
  const isIn = of.direction !== "out";
  const asks = isIn
    ? Math.min(AT_ONCE_MAX, Math.max(1, Math.round(wanted / bodyBytes)))
    : AT_ONCE_MAX;
  const ask = {
    port: askedPort(of),
    path: of.path,
    withinMs: 5_000,
    ...(isIn ? { body: { padding: "0".repeat(bodyBytes) } } : {}),
  };
  const answers = await Promise.all(Array.from({ length: asks }, () => witness.http(pod, ask)));
  return {
    tookMs: answers.map(({ tookMs }) => tookMs),
    answered: answers.every(({ answered }) => answered),
    sentBytes: isIn ? asks * bodyBytes : 0,
    gotBytes: answers.reduce((sum, { body }) => sum + body.length, 0),
  };
}

/** What the bytes of that look take at the bandwidth, on the way that takes longer. */
function leastMsOf({ sentBytes, gotBytes }: Seen, { direction, perSecondBytes }: Params): Ms {
  const bytes = {
    in: sentBytes,
    out: gotBytes,
    both: Math.max(sentBytes, gotBytes),
  }[direction];
  return (bytes * 1_000) / perSecondBytes;
}

function effectOf(before: Seen, now: Seen, of: Params): Evidence["effect"] {
  if (!before.answered || !now.answered) return "unclear";
  const [was, is] = [Math.max(...before.tookMs), Math.max(...now.tookMs)];
  const leastMs = leastMsOf(now, of);
  // Too few bytes for this bandwidth: they tell nothing.
  if (was > 0.5 * leastMs) return "unclear";
  if (is <= 0.5 * leastMs) return "absent";
  return is >= 0.9 * leastMs ? "present" : "unclear";
}
