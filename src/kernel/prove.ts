import { messageOf } from "../model/error.ts";
import type { EventBody } from "../model/event.ts";
import type { Evidence } from "../model/evidence.ts";
import type { PlannedStep, StepId } from "../model/plan.ts";
import type { Ms, Us } from "../model/quantity.ts";
import { showTarget, type Target } from "../model/target.ts";
import type { Clock } from "../ports/clock.ts";
import type { AnyFault } from "../ports/fault.ts";
import type { Log } from "../ports/log.ts";
import type { Witness } from "../ports/witness.ts";
import { asJson } from "./shape.ts";
import { within } from "./crew.ts";

const POLL_MS = 500;
/** At first: what a fast controller clears away is there for a moment only. */
const POLL_AT_FIRST_MS = 100;
const AT_FIRST_MS = 5_000;
const LOOK_MAX_MS = 10_000;
const LOOKS_BEFORE_MAX = 3;
const PROOF_WITHIN_MS = 30_000;

/** One target with what was seen there before anything was done to it. */
interface Look {
  readonly target: Target;
  readonly before: unknown;
}

/** The looks before, kept from resolve to the last proof. */
export interface Proofs {
  readonly clock: Clock;
  readonly log: Log;
  readonly faults: (name: string) => AnyFault;
  /** One list for each time that a step met targets: `follow` makes more than one. */
  readonly looks: Map<StepId, readonly (readonly Look[])[]>;
}

/** The look before: it precedes the inject edge, or the step is not injected at all. */
export async function lookBefore(
  proofs: Proofs,
  of: {
    readonly step: PlannedStep;
    readonly targets: readonly Target[];
    readonly witness: Witness;
  },
  signal: AbortSignal,
): Promise<void> {
  const { step, targets, witness } = of;
  const fault = proofs.faults(step.fault);
  const looks = await Promise.all(
    targets.map(async (target): Promise<Look> => {
      for (let nth = 1; ; nth += 1) {
        try {
          return {
            target,
            before: await observe(proofs, { fault, step, target, witness }, signal),
          };
        } catch (error) {
          if (signal.aborted || nth >= LOOKS_BEFORE_MAX) {
            const where = `${step.id} ${step.fault} must be observable before it begins`;
            throw new Error(`${where}: ${showTarget(target)}: ${messageOf(error)}`, {
              cause: error,
            });
          }
          await proofs.clock.until(proofs.clock.nowMs() + POLL_MS, signal);
        }
      }
    }),
  );
  proofs.looks.set(step.id, [...(proofs.looks.get(step.id) ?? []), looks]);
}

interface Observed {
  readonly fault: AnyFault;
  readonly step: PlannedStep;
  readonly target: Target;
  readonly witness: Witness;
}

async function observe(
  { clock }: Proofs,
  { fault, step, target, witness }: Observed,
  signal: AbortSignal,
): Promise<unknown> {
  const look = fault.observe(witness, target as never, step.params as never);
  return within(clock.deadline(LOOK_MAX_MS, signal), look);
}

/** What the latest look at one target said. */
interface Seen {
  readonly look: Look;
  readonly evidence: Evidence;
  readonly lookedUs: Us;
  /** What the looks after inject have seen together; undefined: none could look yet. */
  readonly gathered?: unknown;
}

/** Why no further look is made. */
type Over = "time" | "heal";

/**
 * Looks at every target until its proof says `want`, the fault's time for proofs is over, or, for
 * a presence, its heal has begun. Appends proved or unproved with the evidence: when it looked
 * dates no effect.
 */
export async function prove(
  proofs: Proofs,
  of: {
    readonly step: PlannedStep;
    readonly want: "present" | "absent";
    readonly witness: Witness;
  },
  signal: AbortSignal,
): Promise<void> {
  const { clock, log } = proofs;
  const fault = proofs.faults(of.step.fault);
  const beganMs = clock.nowMs();
  const untilMs = beganMs + (fault.proofWithinMs ?? PROOF_WITHIN_MS);
  const met = proofs.looks.get(of.step.id) ?? [];
  // A presence is that of the targets just met; an absence that of all.
  const looks = of.want === "present" ? (met.at(-1) ?? []) : met.flat();
  let seen: readonly Seen[] = looks.map((look) => ({
    look,
    evidence: { effect: "unclear", by: "nothing", saw: null, needed: of.want },
    lookedUs: clock.nowUs(),
  }));
  for (;;) {
    const over = overBy(proofs, of, untilMs);
    seen = await Promise.all(
      seen.map(async (last) => {
        const now = await lookAgain(proofs, of, last, signal);
        return over === "heal" ? lateLook(of.want, last, now) : now;
      }),
    );
    signal.throwIfAborted();
    if (over !== null || seen.every(({ evidence }) => evidence.effect === of.want)) break;
    const isFirst = clock.nowMs() - beganMs < AT_FIRST_MS;
    await clock.until(clock.nowMs() + (isFirst ? POLL_AT_FIRST_MS : POLL_MS), signal);
  }
  await log.append(verdictOf(of.step.id, of.want, seen));
}

/** Asked before a look: one that began in time may still end in a proof. */
function overBy(
  { clock, log }: Proofs,
  { step, want }: { readonly step: PlannedStep; readonly want: "present" | "absent" },
  untilMs: Ms,
): Over | null {
  if (clock.nowMs() >= untilMs) return "time";
  const isHealing = log
    .events()
    .some((one) => one.type === "fault" && one.id === step.id && one.edge === "heal-begin");
  return want === "present" && isHealing ? "heal" : null;
}

/** What is seen once its heal has begun may be a proof; of its lack says more what was before. */
function lateLook(want: Evidence["effect"], before: Seen, now: Seen): Seen {
  return now.evidence.effect === want || before.gathered === undefined ? now : before;
}

async function lookAgain(
  proofs: Proofs,
  of: { readonly step: PlannedStep; readonly want: string; readonly witness: Witness },
  last: Seen,
  signal: AbortSignal,
): Promise<Seen> {
  if (last.evidence.effect === of.want) return last;
  const { step, witness } = of;
  const { look } = last;
  const { target, before } = look;
  const lookedUs = proofs.clock.nowUs();
  try {
    const fault = proofs.faults(step.fault);
    const seen = await observe(proofs, { fault, step, target, witness }, signal);
    const now = of.want === "present" ? gathered(fault, last, seen) : seen;
    const proof = of.want === "absent" ? (fault.healProof ?? fault.proof) : fault.proof;
    const params = step.params as never;
    const evidence = proof(before as never, now as never, params, target as never);
    return { look, evidence, lookedUs, gathered: now };
  } catch (error) {
    const saw = `could not look: ${messageOf(error)}`;
    const evidence: Evidence = { effect: "unclear", by: "witness", saw, needed: of.want };
    return { ...last, evidence, lookedUs };
  }
}

function gathered({ gather }: AnyFault, last: Seen, seen: unknown): unknown {
  if (gather === undefined || last.gathered === undefined) return seen;
  return gather(last.gathered as never, seen as never);
}

function verdictOf(id: StepId, want: "present" | "absent", seen: readonly Seen[]): EventBody {
  const proved = seen.length > 0 && seen.every(({ evidence }) => evidence.effect === want);
  const lookedUs = Math.max(0, ...seen.map((one) => one.lookedUs));
  const evidence = evidenceOf(want, seen);
  if (want === "present") {
    return { type: "fault", id, edge: proved ? "proved" : "unproved", evidence, lookedUs };
  }
  return { type: "fault", id, edge: proved ? "heal-proved" : "heal-unproved", evidence, lookedUs };
}

/** One target's own words, or those of all: the first that does not say `want` decides. */
function evidenceOf(want: "present" | "absent", seen: readonly Seen[]): Evidence {
  const [first] = seen;
  if (!first) return { effect: "unclear", by: "nothing", saw: null, needed: "a target" };
  const deciding = seen.find(({ evidence }) => evidence.effect !== want) ?? first;
  const evidence = asJson(deciding.evidence) as unknown as Evidence;
  if (seen.length === 1) return evidence;
  const saw = seen.map((one) => ({ target: showTarget(one.look.target), ...asJson(one.evidence) }));
  return { ...evidence, saw };
}
