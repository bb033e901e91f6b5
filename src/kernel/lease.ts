import type { Leasing } from "../model/agent-protocol.ts";
import { EFFECT_FACTS, type Effect, type Lease } from "../model/effect.ts";
import type { Plan, PlannedStep, StepId } from "../model/plan.ts";
import type { Ms } from "../model/quantity.ts";

/** Effects that may cut us off from those who hold effects. */
export function cutsControlPath({ kind }: Effect): boolean {
  return EFFECT_FACTS[kind].cutsControlPath;
}

/**
 * How long an effect may live without us. Where the way to its holder is cut while it lasts, by
 * itself or by a step that overlaps it, nobody could renew it: the deadline is its lease.
 */
export function leaseOf(
  step: PlannedStep,
  forMs: Ms,
  of: {
    readonly plan: Plan;
    readonly cutting: ReadonlySet<StepId>;
    readonly leasing: Leasing;
  },
): Lease {
  const { leaseMs, slackMs } = of.leasing;
  const deadlineMs = Math.ceil(forMs) + slackMs;
  const cut = of.plan.steps.some((other) => of.cutting.has(other.id) && overlap(step, other));
  return { leaseMs: cut ? deadlineMs : leaseMs, deadlineMs };
}

function overlap(a: PlannedStep, b: PlannedStep): boolean {
  const endMs = (step: PlannedStep): Ms => step.healMs ?? step.injectMs;
  return a.injectMs <= endMs(b) && b.injectMs <= endMs(a);
}
