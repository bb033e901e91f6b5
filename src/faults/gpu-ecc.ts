import type { Evidence } from "../model/evidence.ts";
import { choice, flag, type Read } from "../model/fields.ts";
import type { Target } from "../model/target.ts";
import { defineFault } from "../ports/fault.ts";
import { bodyProblems, predictionFields, signalField } from "../ports/gpu-fields.ts";
import { isTold, lookAtAnswers, lookAtMetrics, type GpuNow } from "../ports/looks.ts";
import { failsWith } from "../ports/predictions.ts";
import type { Witness } from "../ports/witness.ts";

const STATE = "ecc-error";
const ANSWER_MS = 2_000;
/** Of CUDA error 214, by the runtime and by the driver. */
const WORDS = /uncorrectable ECC error|ECC_UNCORRECTABLE/i;

/** What NVIDIA's driver logs, who feels it, and whether a process that starts since is spared. */
const SEVERITY = {
  contained: { xid: 94, isFelt: true, sparesNew: true },
  uncontained: { xid: 95, isFelt: true, sparesNew: false },
  "double-bit": { xid: 48, isFelt: true, sparesNew: false },
  "remap-failure": { xid: 64, isFelt: false, sparesNew: true },
} as const;

const params = {
  severity: choice(["contained", "uncontained", "double-bit", "remap-failure"], {
    about:
      "contained (XID 94): the process that met it fails until it is started again; uncontained " +
      "(95), double-bit (48): so does every process until the fault is healed, which stands for a " +
      "reset; remap-failure (64): no process feels it",
    default: "contained",
  }),
  signal: signalField(true),
  symptom: flag({
    about: "calls of the process on the device fail with CUDA error 214; not of a remap-failure",
    default: true,
  }),
  ...predictionFields(),
};
type Params = Read<typeof params>;
type Half = Evidence["effect"];
type Seen = GpuNow & {
  /** A prediction is right. */
  readonly computes: boolean;
  /** Seen now or in an earlier look: a prediction failed with an uncorrectable error. */
  readonly fails: boolean;
  /** Seen now or in an earlier look: the kubelet told that the device is bad. */
  readonly told: boolean;
  /** The last one in the device's metrics; null: nobody tells. */
  readonly xid: number | null;
};

const isFelt = ({ severity, symptom }: Pick<Params, "severity" | "symptom">): boolean =>
  symptom && SEVERITY[severity].isFelt;

/** The memory of a device has an error that cannot be corrected. */
export const gpuEcc = defineFault({
  name: "gpu-ecc",
  about:
    "The memory of a GPU has an uncorrectable error: the driver logs an XID, the device plugin " +
    "reports the device Unhealthy, and calls on it fail.",
  on: "gpu",
  lasts: "held",
  kinds: ["gpu-state"],
  evidence:
    "Where felt, a prediction by the holder that fails with an uncorrectable ECC error; where " +
    "signalled, the device's health in the pod's status or the GPUs that the node offers, and the " +
    "XID in the device's metrics.",
  params,
  problems: ({ signal, severity, symptom, body }) => [
    ...bodyProblems({ body }),
    ...(signal || isFelt({ severity, symptom })
      ? []
      : ["signal must be true where nothing is felt (nothing would happen), got false"]),
  ],
  effects: ({ severity, signal, symptom }, gpu) => {
    const { xid, sparesNew } = SEVERITY[severity];
    const felt = isFelt({ severity, symptom });
    return [{ kind: "gpu-state", gpu, state: STATE, signal, symptom: felt, xid, sparesNew }];
  },
  observe: look,
  // A fast mover clears the pod away before the node tells, and a probe ends the process that met
  // the error: what was seen counts.
  gather: (seen, now) => ({
    ...now,
    told: seen.told || now.told,
    fails: seen.fails || now.fails,
  }),
  proof: (before, now, of, gpu) => ({
    effect: effectOf(before, now, of),
    by: "answer to a prediction by the holder, status of its pod, allocatable of the node, device metrics",
    saw: { before, now },
    needed: [
      ...(isFelt(of)
        ? [
            `an uncorrectable ECC error from ${of.port}${of.path} of the holder, where there was 200`,
          ]
        : []),
      of.signal
        ? `${gpu.device} told to be bad, with XID ${SEVERITY[of.severity].xid}`
        : `nobody who tells that ${gpu.device} is bad`,
    ]
      .join("; and ")
      .concat(
        "; gone once the device is told to be well, or, where nobody tells its state, once the ",
        "holder computes and is not told of",
      ),
  }),
  // The kubelet tells the node's allocatable every 10 s.
  proofWithinMs: 60_000,
});

async function look(witness: Witness, gpu: Target<"gpu">, of: Params): Promise<Seen> {
  const { port, path, body } = of;
  const request = { port, path, body, times: 1, withinMs: ANSWER_MS };
  const { answers, ...now } = await lookAtAnswers(witness, gpu, request);
  const metrics = await lookAtMetrics(witness, gpu);
  return {
    ...now,
    computes: answers.some(({ answered, status }) => answered && status === 200),
    fails: failsWith(answers, WORDS),
    told: now.holder?.health === "Unhealthy",
    xid: metrics?.xid ?? null,
  };
}

/** Of the halves that are switched on, each must be seen; the other must not. */
function effectOf(before: Seen, now: Seen, of: Params): Half {
  if (before.holder === null || before.holder.terminating || !before.computes) return "unclear";
  if (before.told) return "unclear";
  // The process that met the error may fail still: the device itself is well.
  if (now.device === "ok") return "absent";
  if (now.device !== null && now.device !== STATE) return "unclear";
  const isTelling = now.told || isTold(before, now);
  if (now.device === null && !isTelling && now.computes) return "absent";
  if (isTelling !== of.signal || now.fails !== isFelt(of)) return "unclear";
  // An XID that nobody exports says nothing against it.
  const { xid } = SEVERITY[of.severity];
  return of.signal && now.xid !== null && now.xid !== xid ? "unclear" : "present";
}
