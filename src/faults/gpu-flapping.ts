import type { Evidence } from "../model/evidence.ts";
import { choice, duration, type Read } from "../model/fields.ts";
import type { Target } from "../model/target.ts";
import { defineFault } from "../ports/fault.ts";
import { healthFields, signalField } from "../ports/gpu-fields.ts";
import { isTold, lookAtGpu, lookAtMetrics } from "../ports/looks.ts";
import type { Witness } from "../ports/witness.ts";

/** Bad, well, bad: less is a device that was lost once. */
const CHANGES_MIN = 3;
/** A pod that crashed and is moved is there for a second: several looks must fit in it. */
const ANSWER_OF_TOLD_MS = 200;

const params = {
  bad: duration({ about: "how long it is bad each time", min: "1s", max: "30s", default: "5s" }),
  well: duration({ about: "how long it is well then", min: "1s", max: "60s", default: "15s" }),
  signal: signalField(true),
  symptom: choice(["none", "crash", "sticky-error", "hang"], {
    about: "what the process on the device feels while it is bad",
    default: "none",
  }),
  ...healthFields(),
};
type Params = Read<typeof params>;
type Seen = Awaited<ReturnType<typeof lookAtGpu>> & {
  /** Whether a fault holds the device, well or bad; null: nobody tells. */
  readonly held: boolean | null;
  /** How often the device has gone bad or well, as the plugin counts; null: nobody tells. */
  readonly changes: number | null;
  /** Seen now or in an earlier look: the kubelet told that the device is bad. */
  readonly told: boolean;
  /** Seen now or in an earlier look: the holder did not compute. */
  readonly fails: boolean;
};

/**
 * One device goes bad and well again and again. Not `repeat(gpuLost(…))`: that draws its target
 * anew each time, each time waits for its own proofs, and refuses a holder that is not Ready.
 */
export const gpuFlapping = defineFault({
  name: "gpu-flapping",
  about:
    "A GPU is bad, then well, and again, bad first: who acts on each change acts again and again. " +
    "It is proved by its second bad time.",
  on: "gpu",
  lasts: "held",
  kinds: ["gpu-state"],
  evidence:
    "How often the device has gone bad or well, in its metrics; where signalled, its health in the " +
    "pod's status or the GPUs that the node offers; where felt, the holder's answer by HTTP and " +
    "its restarts.",
  params,
  problems: ({ signal, symptom }) =>
    signal || symptom !== "none"
      ? []
      : ["signal must be true where symptom is none (nothing would happen), got false"],
  effects: ({ badMs, wellMs, signal, symptom }, gpu) => [
    {
      kind: "gpu-state",
      gpu,
      state: symptom === "none" ? "crash" : symptom,
      signal,
      symptom: symptom !== "none",
      flaps: { badMs, wellMs },
    },
  ],
  observe: look,
  // What is told and felt in one bad time is gone in the next look.
  gather: (seen, now) => ({
    ...now,
    told: seen.told || now.told,
    fails: seen.fails || now.fails,
  }),
  proof: (before, now, of, gpu) => ({
    effect: effectOf(before, now, of),
    by: "device metrics, status of the holder's pod, allocatable of the node, answer of the holder by HTTP",
    saw: { before, now },
    needed: [
      `${gpu.device} gone bad, well and bad again`,
      of.signal ? "told to be bad" : "not told to be bad",
      ...(of.symptom === "none"
        ? []
        : [`no 200 from ${of.port}${of.path} of the holder, or a restart`]),
    ]
      .join("; and ")
      .concat("; gone once the device is well and nothing holds it"),
  }),
  // Two bad times and what is between them.
  proofWithinMs: 120_000,
});

async function look(witness: Witness, gpu: Target<"gpu">, of: Params): Promise<Seen> {
  const hurry = of.symptom === "crash" ? { toldWithinMs: ANSWER_OF_TOLD_MS } : {};
  const [now, metrics] = await Promise.all([
    lookAtGpu(witness, gpu, { ...of, ...hurry }),
    lookAtMetrics(witness, gpu),
  ]);
  const { holder, computes } = now;
  return {
    ...now,
    held: metrics?.held ?? null,
    changes: metrics?.changes ?? null,
    told: holder?.health === "Unhealthy",
    // One that is going refuses for that reason alone, but does not fail for it.
    fails: holder !== null && (holder.failed || (!holder.terminating && computes !== 200)),
  };
}

function effectOf(before: Seen, now: Seen, { signal, symptom }: Params): Evidence["effect"] {
  if (before.held !== false || before.changes === null || before.told) return "unclear";
  const isFelt = symptom !== "none";
  if (isFelt && (before.computes !== 200 || before.holder?.terminating !== false)) return "unclear";
  // Well between two bad times is still held.
  if (now.held === false && now.device === "ok") return "absent";
  if (now.held !== true || now.changes === null) return "unclear";
  if (now.changes - before.changes < CHANGES_MIN) return "unclear";
  if ((now.told || isTold(before, now)) !== signal) return "unclear";
  const restarted = (now.holder?.restarts ?? 0) > (before.holder?.restarts ?? 0);
  return !isFelt || now.fails || restarted ? "present" : "unclear";
}
