import type { Evidence } from "../model/evidence.ts";
import { choice, count, text, type Read } from "../model/fields.ts";
import type { Target } from "../model/target.ts";
import { defineFault } from "../ports/fault.ts";
import { bodyProblems, predictionFields } from "../ports/gpu-fields.ts";
import { isTold, lookAtAnswers, type GpuNow } from "../ports/looks.ts";
import { areSame, middleMsOf, numbersOf, slowerRatioMin } from "../ports/predictions.ts";
import type { Witness } from "../ports/witness.ts";

const STATE = "cpu-fallback";
/** Of so many answers the one in the middle counts: few, since each takes its time. */
const ASKS = 3;
/** All asks of a look, and those for the metrics, fit in its bound. */
const ANSWER_MS = 2_000;

const params = {
  factor: count({
    about: "how many times as long a call takes on the CPU",
    min: 2,
    max: 100,
    default: 20,
  }),
  cure: choice(["restart", "heal"], {
    about:
      "what ends it: a process that was started since has the device, or none has before the " +
      "fault is healed, and one that was started in it stays on the CPU until it is started again",
    default: "restart",
  }),
  ...predictionFields(": the same input, the same numbers"),
  metricsPath: text({
    about: "path on that port that tells how many inferences each execution provider did",
    pattern: /^\/\S*$/,
    rule: "a path that begins with /",
    default: "/metrics",
  }),
};
type Params = Read<typeof params>;
type On = "cpu" | "device";
type Seen = GpuNow & {
  /** All numbers of the answers; null: not the same ones each time, or no 200. */
  readonly numbers: readonly number[] | null;
  /** From ask to answer, in the middle of three. */
  readonly tookMs: number | null;
  /** What computed while these were asked, by the server's own count; null: both, or not told. */
  readonly ran: On | null;
};

/** The runtime finds no device and goes on without: right answers, late, and all probes content. */
export const gpuSilentCpuFallback = defineFault({
  name: "gpu-silent-cpu-fallback",
  about:
    "The server computes on the CPU, as one whose runtime found no GPU: right answers, late, an " +
    "idle device, and nobody tells.",
  on: "gpu",
  lasts: "held",
  kinds: ["gpu-state"],
  evidence:
    "Three predictions by the holder: their numbers, which stay the same, their times, the middle " +
    "one counting, and the execution provider that its metrics count them for.",
  params,
  problems: bodyProblems,
  effects: ({ factor, cure }, gpu) => [
    {
      kind: "gpu-state",
      gpu,
      state: STATE,
      signal: false,
      symptom: true,
      factor,
      sparesNew: cure === "restart",
    },
  ],
  observe: look,
  proof: (before, now, of, gpu) => ({
    effect: effectOf(before, now, of),
    by: "numbers and times of predictions by the holder, its metrics, status of its pod, device metrics",
    saw: { before, now },
    needed:
      `predictions at ${of.port}${of.path} of the holder with the numbers of before, that take ` +
      `${slowerRatioMin(of.factor)} times as long, all counted for the CPU, while nobody tells ` +
      `that ${gpu.device} is bad; gone once the device is told to be well, or, where nobody tells ` +
      `its state, once the device is what computes`,
  }),
});

async function look(witness: Witness, gpu: Target<"gpu">, of: Params): Promise<Seen> {
  const { port, path, body } = of;
  const first = await runsOf(witness, gpu, of);
  const request = { port, path, body, times: ASKS, withinMs: ANSWER_MS };
  const { answers, ...now } = await lookAtAnswers(witness, gpu, request);
  const last = await runsOf(witness, gpu, of);
  return {
    ...now,
    numbers: numbersOf(answers, ASKS),
    tookMs: middleMsOf(answers, ASKS),
    ran: first === null || last === null ? null : between(first, last),
  };
}

type Runs = Readonly<Record<On, number>>;

/** What the holder has counted up to now; null: no holder, or it does not tell. */
async function runsOf(
  witness: Witness,
  { holder }: Target<"gpu">,
  { port, metricsPath }: Params,
): Promise<Runs | null> {
  if (holder === null) return null;
  const answer = await witness.http(holder, { port, path: metricsPath, withinMs: 1_000 });
  if (!answer.answered || answer.status !== 200) return null;
  const runs = { cpu: 0, device: 0 };
  let isTelling = false;
  for (const line of answer.body.split("\n")) {
    const hit = /^model_server_runs_total\{[^}]*provider="(\w+)"[^}]*\} (\d+)$/.exec(line);
    if (hit === null) continue;
    isTelling = true;
    runs[hit[1] === "CPUExecutionProvider" ? "cpu" : "device"] += Number(hit[2]);
  }
  return isTelling ? runs : null;
}

/** Fewer than before: it was started again meanwhile. */
function between(first: Runs, last: Runs): On | null {
  const [cpu, device] = [last.cpu - first.cpu, last.device - first.device];
  if (cpu < 0 || device < 0) return null;
  if (cpu >= ASKS && device === 0) return "cpu";
  return device >= ASKS && cpu === 0 ? "device" : null;
}

function effectOf(before: Seen, now: Seen, { factor }: Params): Evidence["effect"] {
  if (before.holder === null || before.holder.terminating || before.ran !== "device") {
    return "unclear";
  }
  if (before.numbers === null || before.tookMs === null) return "unclear";
  // Who was started without the device goes on without: the device itself is there again.
  if (now.device === "ok") return "absent";
  if (now.holder === null || !now.holder.running || now.holder.terminating) return "unclear";
  if (isTold(before, now) || (now.device !== null && now.device !== STATE)) return "unclear";
  if (now.numbers === null || now.tookMs === null || now.ran === null) return "unclear";
  if (now.ran === "device") return now.device === STATE ? "unclear" : "absent";
  const isRight = areSame(before.numbers, now.numbers);
  return isRight && now.tookMs >= slowerRatioMin(factor) * before.tookMs ? "present" : "unclear";
}
