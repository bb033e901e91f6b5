import type { Evidence } from "../model/evidence.ts";
import type { Read } from "../model/fields.ts";
import type { Target } from "../model/target.ts";
import { defineFault } from "../ports/fault.ts";
import { bodyProblems, predictionFields, signalField } from "../ports/gpu-fields.ts";
import { isTold, lookAtAnswers, type GpuNow } from "../ports/looks.ts";
import { areSame, numbersOf } from "../ports/predictions.ts";
import type { Witness } from "../ports/witness.ts";

const STATE = "wrong-answers";
/** Asked twice: what does not give the same numbers when it is well proves nothing. */
const ASKS = 2;
const ANSWER_MS = 2_000;

const params = {
  signal: signalField(false),
  ...predictionFields(": the same input, the same numbers"),
};
type Params = Read<typeof params>;
type Seen = GpuNow & {
  /** All numbers of the answer; null: not the same ones twice, or no 200. */
  readonly numbers: readonly number[] | null;
  /** Seen now or in an earlier look: the kubelet told that the device is bad. */
  readonly told: boolean;
};

/** Silent corruption: every answer is 200 and plausible, and the numbers are wrong. */
export const gpuWrongAnswers = defineFault({
  name: "gpu-wrong-answers",
  about: "Calls on a GPU succeed with wrong numbers, as after a memory error nobody noticed.",
  on: "gpu",
  lasts: "held",
  kinds: ["gpu-state"],
  evidence:
    "The numbers in the holder's answers to the same prediction, asked twice; the status of its " +
    "pod, the GPUs that the node offers, the device's metrics.",
  params,
  problems: bodyProblems,
  effects: ({ signal }, gpu) => [{ kind: "gpu-state", gpu, state: STATE, signal, symptom: true }],
  observe: look,
  // A fast mover clears the pod away before the node tells: what was seen counts.
  gather: (seen, now) => ({
    ...now,
    numbers: now.numbers ?? seen.numbers,
    told: seen.told || now.told,
  }),
  proof: (before, now, of, gpu) => ({
    effect: effectOf(before, now, of),
    by: "numbers in a prediction by the holder, status of its pod, allocatable of the node, device metrics",
    saw: { before, now },
    needed:
      `other numbers from ${of.port}${of.path} of the holder for the same input, and ` +
      `${gpu.device} ${of.signal ? "told" : "not told"} to be bad; gone once the device is told ` +
      `to be well, or, where nobody tells its state, once the numbers are those of before`,
  }),
  // The kubelet tells the node's allocatable every 10 s.
  proofWithinMs: 60_000,
});

async function look(
  witness: Witness,
  gpu: Target<"gpu">,
  { port, path, body }: Params,
): Promise<Seen> {
  const of = { port, path, body, times: ASKS, withinMs: ANSWER_MS };
  const { answers, ...now } = await lookAtAnswers(witness, gpu, of);
  const told = now.holder?.health === "Unhealthy";
  return { ...now, numbers: numbersOf(answers, ASKS), told };
}

function effectOf(before: Seen, now: Seen, { signal }: Params): Evidence["effect"] {
  if (before.holder === null || before.numbers === null || before.holder.terminating) {
    return "unclear";
  }
  // Other numbers for another reason, such as another version of the model.
  if (now.device === "ok") return "absent";
  if (now.numbers === null) return "unclear";
  if (areSame(before.numbers, now.numbers)) return now.device === STATE ? "unclear" : "absent";
  const told = now.told || isTold(before, now);
  if (told !== signal || now.numbers.length !== before.numbers.length) return "unclear";
  return now.device === null || now.device === STATE ? "present" : "unclear";
}
