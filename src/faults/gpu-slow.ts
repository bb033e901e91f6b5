import type { Evidence } from "../model/evidence.ts";
import { count, type Read } from "../model/fields.ts";
import type { Target } from "../model/target.ts";
import { defineFault } from "../ports/fault.ts";
import { bodyProblems, predictionFields } from "../ports/gpu-fields.ts";
import { isTold, lookAtAnswers, type GpuNow } from "../ports/looks.ts";
import { middleMsOf, slowerRatioMin } from "../ports/predictions.ts";
import type { Witness } from "../ports/witness.ts";

const STATE = "slow";
/** Of so many answers the one in the middle counts: few, since each is more work for the device. */
const ASKS = 3;
/** All asks of a look fit in its bound. */
const ANSWER_MS = 3_000;

const params = {
  factor: count({
    about: "how many times as long a call on the device takes",
    min: 2,
    max: 100,
    default: 10,
  }),
  ...predictionFields(),
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
  problems: bodyProblems,
  effects: ({ factor }, gpu) => [
    { kind: "gpu-state", gpu, state: STATE, signal: false, symptom: true, factor },
  ],
  observe: look,
  proof: (before, now, of, gpu) => ({
    effect: effectOf(before, now, of),
    by: "times of predictions by the holder, status of its pod, device metrics",
    saw: { before, now },
    needed:
      `predictions at ${of.port}${of.path} of the holder that take ${slowerRatioMin(of.factor)} times as ` +
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
  const silent = answers.some(({ answered }) => !answered);
  return { ...now, tookMs: middleMsOf(answers, ASKS), silent };
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
  if (now.tookMs >= slowerRatioMin(of.factor) * before.tookMs) return "present";
  return now.device === STATE ? "unclear" : "absent";
}
