import type { Damage } from "../model/damage.ts";
import { messageOf } from "../model/error.ts";
import type { KubeObject } from "../model/json.ts";
import type { Plan, PlannedPart, PlannedStep, StepId } from "../model/plan.ts";
import type { Target } from "../model/target.ts";
import { hostDamage } from "./gpus.ts";
import { RUN_LABEL, type Inventory, type Placement } from "./inventory.ts";
import { resolve } from "./resolver.ts";
import { lostAt, placedDamage, roleOf, type Met } from "./victims.ts";

/** What steps do to a cluster as it stands. */
export interface Blast {
  readonly damage: readonly Damage[];
  /** Namespaces that the run did not make and that lose pods, each once. */
  readonly namespaces: readonly string[];
}

/** Whether pods of others may be among the victims, or hold the GPUs that displaced pods need. */
export function concernsAll({ steps, stack }: Plan): boolean {
  return (
    steps.some(({ on }) => on.kind === "node" || on.kind === "gpu") ||
    stack.some(({ gpusPerPod }) => gpusPerPod > 0)
  );
}

/** What each step's slots draw now; `missing`: why a step finds fewer than it asks for. */
export function drawAll(
  steps: readonly PlannedStep[],
  inventory: Inventory,
): { readonly met: Met; readonly missing: readonly string[] } {
  const met = new Map<StepId, readonly Target[]>();
  const missing: string[] = [];
  for (const step of steps) {
    try {
      met.set(step.id, resolve(step, inventory));
    } catch (error) {
      missing.push(messageOf(error));
    }
  }
  return { met, missing };
}

/** Pure: steps, the things that they meet, and where everything runs. */
export function blastOf(
  plan: Plan,
  of: {
    readonly run: string;
    readonly steps: readonly PlannedStep[];
    readonly stack: readonly PlannedPart[];
    readonly met: Met;
    readonly placement: Placement;
  },
): Blast {
  const { steps, run, met, placement } = of;
  const lost = steps.flatMap((step) => lostAt(plan, step, { met, pods: placement.pods }));
  // What serves the whole cluster has rules of its own.
  const others = lost.filter((pod) => !isOf(run, pod) && roleOf(pod) === null);
  return {
    damage: [...placedDamage(plan, of), ...hostDamage(plan, of)],
    namespaces: [...new Set(others.flatMap(({ metadata }) => metadata.namespace ?? []))].sort(),
  };
}

const isOf = (run: string, pod: KubeObject): boolean => pod.metadata.labels?.[RUN_LABEL] === run;

/** The parts that a step is drawn from; the cluster as such is there already. */
function partsOf({ on }: PlannedStep): readonly string[] {
  if (on.kind === "cluster") return [];
  return on.kind === "link" ? [on.from.part, on.to.part] : [on.part];
}

/** The steps that meet only what is there already. */
export function stepsOnExisting({ steps, stack }: Plan): readonly PlannedStep[] {
  const there = new Set(stack.flatMap(({ part, existing }) => (existing ? [part] : [])));
  return steps.filter((step) => partsOf(step).every((part) => there.has(part)));
}
