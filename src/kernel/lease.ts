import type { Leasing } from "../model/agent-protocol.ts";
import type { Effect, Lease } from "../model/effect.ts";
import { EFFECT_FACTS } from "../model/effect-facts.ts";
import type { Plan, PlannedStep, StepId } from "../model/plan.ts";
import type { Ms } from "../model/quantity.ts";

/** Effects that may cut us off from those who hold effects. */
export function cutsControlPath(effect: Effect): boolean {
  const isSpared = "sparesControlPath" in effect && effect.sparesControlPath;
  return EFFECT_FACTS[effect.kind].cutsControlPath && !isSpared;
}

/** How long past its planned end an effect may be there that nobody can reach its holder to end. */
const CUT_OFF_SLACK_MS = 3_000;

/** Effects that may cut us off from the very agent that holds them. */
export function cutsOwnHolder(effect: Effect): boolean {
  return cutsControlPath(effect) && EFFECT_FACTS[effect.kind].doneBy === "node";
}

/**
 * How long an effect may live without us. Where the way to its holder is cut while it lasts, by
 * itself or by a step that overlaps it, nobody could renew it: the deadline is its lease. Where it
 * may cut that way by itself nobody could end it either: the deadline is near its planned end.
 */
export function leaseOf(
  step: PlannedStep,
  forMs: Ms,
  of: {
    readonly plan: Plan;
    /** Steps that cut us off from some holder. */
    readonly cutting: ReadonlySet<StepId>;
    /** Those that cut us off from their own. Default: none. */
    readonly unreachable?: ReadonlySet<StepId>;
    readonly leasing: Leasing;
  },
): Lease {
  const { leaseMs } = of.leasing;
  const slackMs = of.unreachable?.has(step.id) ? CUT_OFF_SLACK_MS : of.leasing.slackMs;
  const deadlineMs = Math.ceil(forMs) + slackMs;
  const cut = of.plan.steps.some((other) => of.cutting.has(other.id) && overlap(step, other));
  return { leaseMs: cut ? deadlineMs : leaseMs, deadlineMs };
}

function overlap(a: PlannedStep, b: PlannedStep): boolean {
  const endMs = (step: PlannedStep): Ms => step.healMs ?? step.injectMs;
  return a.injectMs <= endMs(b) && b.injectMs <= endMs(a);
}
