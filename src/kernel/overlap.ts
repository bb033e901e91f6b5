import type { Plan, PlannedPart, PlannedStep } from "../model/plan.ts";
import type { CountedKind, Pick } from "../model/target.ts";
import { podBounds } from "./scale.ts";

/** The steps in effect at this step's inject, itself and those of the same instant included. */
export function standing(plan: Plan, step: PlannedStep): readonly PlannedStep[] {
  const { injectMs } = step;
  return plan.steps.filter(
    (one) =>
      one.injectMs === injectMs ||
      (one.injectMs < injectMs && (one.healMs ?? one.injectMs) > injectMs),
  );
}

/** A part that scales may come to need all of them. */
export function mostPods(part: PlannedPart): number {
  return podBounds(part)?.most ?? 1;
}

/** How many things a pick means at most, as far as a plan can know. */
export function countOf(on: Pick<CountedKind>, part: PlannedPart | undefined): number {
  if (on.count !== "all") return on.count;
  const pods = part ? mostPods(part) : 1;
  return on.kind === "gpu" ? pods * (part?.gpusPerPod ?? 0) : pods;
}
