import type { Evidence } from "../model/evidence.ts";
import { count, text, type Read } from "../model/fields.ts";
import { isJsonText } from "../model/json.ts";
import type { Target } from "../model/target.ts";
import { defineFault } from "../ports/fault.ts";
import { isTold, lookAtAnswers, type GpuNow } from "../ports/looks.ts";
import type { Witness } from "../ports/witness.ts";

const STATE = "slow";
/** Of so many answers the one in the middle counts: few, since each is more work for the device. */
const ASKS = 3;
/** All asks of a look fit in its bound. */
const ANSWER_MS = 3_000;
/** What is not the device's own takes as long as before: the whole answer is less slow than it. */
const SLOWER_RATIO_MIN = 2;
const SLOWER_RATIO_MIN_OF_SMALL = 1.5;
const SMALL_FACTOR = 4;

const params = {
  factor: count({
    about: "how many times as long a call on the device takes",
    min: 2,
    max: 100,
    default: 10,
  }),
  port: count({
    about: "port of the holder that answers predictions",
    min: 1,
    max: 65_535,
    default: 8_501,
  }),
  path: text({
    about: "path on that port that a prediction is posted to",
    pattern: /^\/\S*$/,
    rule: "a path that begins with /",
    default: "/v1/models/mlp:predict",
  }),
  body: text({
    about: "the prediction that is asked for, as JSON",
    pattern: /^\s*[[{]/,
    rule: "a JSON object or list",
    default: '{"instances":[[1,1,1,1,0,0,0,0,1,1,1,1,0,0,0,0]]}',
  }),
};
type Params = Read<typeof params>;
type Seen = GpuNow & {
  /** From ask to answer, in the middle of three; null: not all of them were answered with 200. */
  readonly tookMs: number | null;
  /** One was not answered at all: who waits before it makes it later than it is. */
  readonly silent: boolean;
};

/** A device that is throttled: right answers, late, and nobody is told. */
export const gpuSlow = defineFault({
  name: "gpu-slow",
  about: "Calls on a GPU take several times as long, as on one that is throttled; all are right.",
  on: "gpu",
  lasts: "held",
  kinds: ["gpu-state"],
  evidence:
    "The times of three predictions by the holder, the middle one counting, while nobody tells of " +
    "the device.",
  params,
  problems: ({ body }) => (isJsonText(body) ? [] : [`body must be JSON, got ${body}`]),
  effects: ({ factor }, gpu) => [
    { kind: "gpu-state", gpu, state: STATE, signal: false, symptom: true, factor },
  ],
  observe: look,
  proof: (before, now, of, gpu) => ({
    effect: effectOf(before, now, of),
    by: "times of predictions by the holder, status of its pod, device metrics",
    saw: { before, now },
    needed:
      `predictions at ${of.port}${of.path} of the holder that take ${slowerRatioMin(of)} times as ` +
      `long as before, or over ${ANSWER_MS} ms on a device told to be slow, while nobody tells ` +
      `that ${gpu.device} is bad; gone once the device is told to be well, or, where nobody tells ` +
      `its state, once they do not`,
  }),
});

async function look(
  witness: Witness,
  gpu: Target<"gpu">,
  { port, path, body }: Params,
): Promise<Seen> {
  const of = { port, path, body, times: ASKS, withinMs: ANSWER_MS };
  const { answers, ...now } = await lookAtAnswers(witness, gpu, of);
  const right = answers.filter(({ answered, status }) => answered && status === 200);
  const times = right.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  const middleMs = times[Math.floor(ASKS / 2)] ?? null;
  const silent = answers.some(({ answered }) => !answered);
  return { ...now, tookMs: times.length < ASKS ? null : middleMs, silent };
}

function slowerRatioMin({ factor }: Params): number {
  return factor < SMALL_FACTOR ? SLOWER_RATIO_MIN_OF_SMALL : SLOWER_RATIO_MIN;
}

function effectOf(before: Seen, now: Seen, of: Params): Evidence["effect"] {
  if (before.holder === null || before.tookMs === null || before.holder.terminating) {
    return "unclear";
  }
  // Slow for another reason: the device itself is well.
  if (now.device === "ok") return "absent";
  if (now.holder === null || !now.holder.running || now.holder.terminating) return "unclear";
  if (isTold(before, now) || (now.device !== null && now.device !== STATE)) return "unclear";
  if (now.silent) return now.device === STATE ? "present" : "unclear";
  if (now.tookMs === null) return "unclear";
  if (now.tookMs >= slowerRatioMin(of) * before.tookMs) return "present";
  return now.device === STATE ? "unclear" : "absent";
}
