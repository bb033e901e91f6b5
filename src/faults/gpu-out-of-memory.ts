import type { Evidence } from "../model/evidence.ts";
import { count, flag, optional, type Read } from "../model/fields.ts";
import type { Target } from "../model/target.ts";
import { defineFault } from "../ports/fault.ts";
import { bodyField, bodyProblems, predictionFields, rowsBody } from "../ports/gpu-fields.ts";
import { isTold, lookAtAnswers, lookAtMetrics, type GpuNow } from "../ports/looks.ts";
import { failsWith } from "../ports/predictions.ts";
import type { Witness } from "../ports/witness.ts";

const STATE = "out-of-memory";
const ANSWER_MS = 2_000;
/** As CUDA, PyTorch and TensorFlow say it. */
const WORDS = /out of memory|OOM when allocating/i;

const params = {
  fits: count({ about: "rows of the largest batch that still fits", max: 255, default: 0 }),
  signal: flag({
    about: "the metrics show the memory used up, as when another process took it",
    default: true,
  }),
  symptom: flag({
    about: "whoever asks for memory is refused it, as also where it is in pieces",
    default: true,
  }),
  ...predictionFields(),
  body: optional(bodyField("one row more than `fits`, for the model server's own model")),
};
type Params = Read<typeof params>;
type Half = Evidence["effect"];
type Seen = GpuNow & {
  /** Whether a prediction fails for want of memory, or is right; null: neither, or nobody asked. */
  readonly refused: boolean | null;
  /** Memory of the device that the metrics call free; null: nobody tells. */
  readonly freeMiB: number | null;
};

/** The memory of a device is taken: allocations fail, and the device is well. */
export const gpuOutOfMemory = defineFault({
  name: "gpu-out-of-memory",
  about:
    "The memory of a GPU is taken: batches that do not fit fail, and a process that starts cannot " +
    "load its model. The device itself is well, and is told to be.",
  on: "gpu",
  lasts: "held",
  kinds: ["gpu-state"],
  evidence:
    "Where felt, a prediction by the holder that fails for want of memory; where signalled, the " +
    "free memory in the device's metrics; that nobody tells that the device is bad.",
  params,
  problems: ({ signal, symptom, body }) => [
    ...bodyProblems({ body }),
    ...(signal || symptom
      ? []
      : ["signal must be true where symptom is false (nothing would happen), got false"]),
  ],
  effects: ({ fits, signal, symptom }, gpu) => [
    { kind: "gpu-state", gpu, state: STATE, signal, symptom, rowsMax: fits },
  ],
  observe: look,
  proof: (before, now, of, gpu) => ({
    effect: effectOf(before, now, of),
    by: "answer to a prediction by the holder, device metrics, status of its pod, allocatable of the node",
    saw: { before, now },
    needed: [
      ...(of.symptom
        ? [
            `an error for want of memory from ${of.port}${of.path} of the holder, where there was 200`,
          ]
        : []),
      ...(of.signal
        ? [`less than a twentieth of ${before.freeMiB} MiB of ${gpu.device} free`]
        : []),
      `nobody who tells that ${gpu.device} is bad; gone once the device is told to be well, or, where nobody tells its state, once neither is there`,
    ].join("; and "),
  }),
});

async function look(witness: Witness, gpu: Target<"gpu">, of: Params): Promise<Seen> {
  const { port, path, body = rowsBody(of.fits + 1) } = of;
  const request = { port, path, body, times: of.symptom ? 1 : 0, withinMs: ANSWER_MS };
  const { answers, ...now } = await lookAtAnswers(witness, gpu, request);
  const metrics = await lookAtMetrics(witness, gpu);
  const right = answers.some(({ answered, status }) => answered && status === 200);
  const refused = failsWith(answers, WORDS);
  return { ...now, refused: right || refused ? refused : null, freeMiB: metrics?.freeMiB ?? null };
}

/** Of the halves that are switched on, each must be seen. */
function effectOf(before: Seen, now: Seen, { signal, symptom }: Params): Half {
  if (symptom && (before.holder === null || before.holder.terminating)) return "unclear";
  if (symptom && before.refused !== false) return "unclear";
  if (signal && !before.freeMiB) return "unclear";
  // A process may look for its model for a while yet: the device itself is well.
  if (now.device === "ok") return "absent";
  if (isTold(before, now) || (now.device !== null && now.device !== STATE)) return "unclear";
  const halves = [...(symptom ? [feltIn(now)] : []), ...(signal ? [shownIn(before, now)] : [])];
  const all = (effect: Half): boolean => halves.every((half) => half === effect);
  if (all("present")) return "present";
  // Who is not refused may have asked for too little.
  return all("absent") && now.device === null ? "absent" : "unclear";
}

function feltIn({ refused }: Seen): Half {
  if (refused === null) return "unclear";
  return refused ? "present" : "absent";
}

function shownIn(before: Seen, { freeMiB }: Seen): Half {
  if (freeMiB === null || before.freeMiB === null) return "unclear";
  return freeMiB < before.freeMiB / 20 ? "present" : "absent";
}
