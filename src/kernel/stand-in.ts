import type { Effect } from "../model/effect.ts";
import type { Plan, PlannedStep, StepId } from "../model/plan.ts";
import type { Target, TargetKind } from "../model/target.ts";
import type { AnyFault } from "../ports/fault.ts";
import { cutsControlPath, cutsOwnHolder } from "./lease.ts";

/** A thing of that kind that is not there: what to ask about before anything is touched. */
export function standIn(kind: TargetKind, node: string): Target {
  const pod: Target<"pod"> = { kind: "pod", namespace: "ninety", name: "any", uid: "any", node };
  return {
    pod,
    node: { kind: "node", node },
    gpu: { kind: "gpu", node, device: `GPU-${node}-0`, holder: pod },
    link: { kind: "link", from: [{ ...pod, address: "any" }], to: [{ ...pod, address: "any" }] },
    cluster: { kind: "cluster" },
  }[kind] as Target;
}

/** What a step would hold on a thing of its kind. Throws what is wrong with the fault. */
export function effectsOf(step: PlannedStep, fault: AnyFault, target: Target): readonly Effect[] {
  const effects = fault.effects(step.params as never, target as never);
  if (effects.length === 0) throw new Error(`${fault.name} must give an effect, got none`);
  return effects;
}

/** The steps that cut us off from a holder; what cannot be known counts as one. */
export function cuttingSteps(plan: Plan, faults: Faults): ReadonlySet<StepId> {
  return stepsWith(cutsControlPath, { plan, faults, unknown: true });
}

/** The steps that cut us off from the very holder of their effects. */
export function unreachableSteps(plan: Plan, faults: Faults): ReadonlySet<StepId> {
  return stepsWith(cutsOwnHolder, { plan, faults, unknown: false });
}

/** Both, as a lease wants them. */
export const cutsIn = (
  plan: Plan,
  faults: Faults,
): Readonly<Record<"cutting" | "unreachable", ReadonlySet<StepId>>> => ({
  cutting: cuttingSteps(plan, faults),
  unreachable: unreachableSteps(plan, faults),
});

type Faults = (name: string) => AnyFault;

function stepsWith(
  does: (effect: Effect) => boolean,
  of: { readonly plan: Plan; readonly faults: Faults; readonly unknown: boolean },
): ReadonlySet<StepId> {
  const found = of.plan.steps.filter((step) => {
    try {
      const target = standIn(step.on.kind, "any");
      return effectsOf(step, of.faults(step.fault), target).some(does);
    } catch {
      return of.unknown;
    }
  });
  return new Set(found.map(({ id }) => id));
}
