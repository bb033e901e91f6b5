import { refusedDamage, type Damage } from "../model/damage.ts";
import type { Effect, Held } from "../model/effect.ts";
import { happensOnce } from "../model/effect-facts.ts";
import { EXIT, messageOf, NinetyError } from "../model/error.ts";
import type { Plan, PlannedStep } from "../model/plan.ts";
import type { AnyFault } from "../ports/fault.ts";
import type { Holders } from "./run-system.ts";
import { effectsOf, standIn } from "./stand-in.ts";

/**
 * Why a step could be held by nobody on any of these nodes, or only without a lease; empty: on one
 * of them at least it is held as it should be.
 */
export function holding(
  step: PlannedStep,
  of: {
    readonly faults: (name: string) => AnyFault;
    readonly nodes: readonly string[];
    readonly accepts: Holders["accepts"];
  },
): { readonly refused?: string; readonly unleased?: string } {
  let refused: string | undefined;
  let unleased: string | undefined;
  try {
    for (const node of of.nodes) {
      const target = standIn(step.on.kind, node);
      const effects = effectsOf(step, of.faults(step.fault), target);
      const why = effects.map(of.accepts).find((answer) => "refused" in answer);
      if (why) {
        refused ??= why.refused;
        continue;
      }
      const free = unleasedBy(effects, of.accepts);
      if (free === null) return {};
      unleased ??= free;
    }
  } catch (error) {
    return { refused: messageOf(error) };
  }
  if (unleased !== undefined) return { unleased };
  return refused === undefined ? {} : { refused };
}

/** Why one of these effects would outlive us, or null. What happens once has nothing to outlive. */
function unleasedBy(effects: readonly Effect[], accepts: Holders["accepts"]): string | null {
  for (const effect of effects) {
    const answer = accepts(effect);
    if ("means" in answer && answer.unleased !== undefined && !happensOnce(effect)) {
      return answer.unleased;
    }
  }
  return null;
}

/** Throws where the very effects can be held by nobody, or by nobody under a lease. */
export function refuseUnheld(
  plan: Plan,
  step: PlannedStep,
  of: { readonly effects: readonly Held[]; readonly accepts: Holders["accepts"] },
): void {
  const effects = of.effects.map(({ effect }) => effect);
  for (const effect of effects) {
    const answer = of.accepts(effect);
    if ("means" in answer) continue;
    const message = `${step.id} ${step.fault} can be held by nobody: ${answer.refused}`;
    throw new NinetyError(message, { exit: EXIT.unknown });
  }
  const why = unleasedBy(effects, of.accepts);
  const refused = why === null ? [] : refusedDamage(plan, [unleasedDamage(step, why)]);
  if (refused.length > 0) throw new NinetyError(refused.join("\n"), { exit: EXIT.unknown });
}

export function unleasedDamage({ id, fault }: PlannedStep, why: string): Damage {
  return {
    accept: "unleased",
    id,
    what: `${id} ${fault} held without a lease`,
    observed: 1,
    limit: { max: 0 },
    rule: `${id} ${fault} must be held under a lease, which would end it without us, got none: ${why}`,
  };
}

/** Steps that the kubelet's probes meet too: containers may be restarted by the fault itself. */
export function probesDamage(plan: Plan, faults: (name: string) => AnyFault): readonly Damage[] {
  return plan.steps
    .filter((step) => meetsProbes(step, faults))
    .map(({ id, fault }) => ({
      accept: "affects-probes",
      id,
      what: `probes of the kubelet met by ${id} ${fault}`,
      observed: 1,
      limit: { max: 0 },
      rule: `${id} ${fault} must leave the kubelet's probes alone, got affectsProbes: true`,
    }));
}

function meetsProbes(step: PlannedStep, faults: (name: string) => AnyFault): boolean {
  try {
    const effects = effectsOf(step, faults(step.fault), standIn(step.on.kind, "any"));
    return effects.some((effect) => "affectsProbes" in effect && effect.affectsProbes);
  } catch {
    // What gives no effect is told by those who would have to hold it.
    return step.params["affectsProbes"] === true;
  }
}
