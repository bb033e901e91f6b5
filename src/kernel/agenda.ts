import type { Plan, PlannedStep } from "../model/plan.ts";
import type { Ms } from "../model/quantity.ts";

export interface Edge {
  readonly atMs: Ms;
  readonly does: "inject" | "heal";
  readonly step: PlannedStep;
}

/** What phase `faults` does and when, on the run's clock; on a tie heals go before injects. */
export function agenda(plan: Plan, startMs: Ms): readonly Edge[] {
  const edges = plan.steps.flatMap((step): readonly Edge[] => {
    const inject: Edge = { atMs: startMs + step.injectMs, does: "inject", step };
    if (step.healMs === null) return [inject];
    return [inject, { atMs: startMs + step.healMs, does: "heal", step }];
  });
  const rank = ({ does }: Edge): number => (does === "heal" ? 0 : 1);
  return edges.sort((a, b) => a.atMs - b.atMs || rank(a) - rank(b));
}
