import type { Damage } from "../model/damage.ts";
import { at, numberAt, textAt, type KubeObject } from "../model/json.ts";
import type { Plan, PlannedPart, PlannedStep } from "../model/plan.ts";
import { countOf, standing } from "./overlap.ts";
import { podBounds } from "./scale.ts";
import { selects, selectsBy, templateLabels } from "./selector.ts";

/**
 * Pods of a part down at once that its disruption budgets or its declared minimum forbid, by what
 * the picks say alone; the first step of each part and kind. `stack`: the parts, with the budgets
 * of those that are there already.
 */
export function budgetDamage(plan: Plan, stack: readonly PlannedPart[]): readonly Damage[] {
  return stack.flatMap((part) => {
    // A part that scales may be at its least when the fault comes.
    const replicas = podBounds(part)?.least ?? null;
    if (replicas === null) return [];
    const found = plan.steps.flatMap((step) => {
      const asked = standing(plan, step).reduce((sum, one) => sum + picked(one, part), 0);
      const lost = Math.min(asked, replicas);
      return lostDamage(plan, step, { part, ready: replicas, wanted: replicas, lost });
    });
    return firstOfEach(found);
  });
}

function firstOfEach(all: readonly Damage[]): readonly Damage[] {
  return all.filter((one, nth) => all.findIndex(({ accept }) => accept === one.accept) === nth);
}

/** What it means that so many of a part's pods are lost to a step and what overlaps it. */
export function lostDamage(
  plan: Plan,
  step: PlannedStep,
  of: {
    readonly part: PlannedPart;
    /** Ready before any of them is lost, and how many there should be. */
    readonly ready: number;
    readonly wanted: number;
    readonly lost: number;
  },
): readonly Damage[] {
  const { part, ready, wanted, lost } = of;
  if (lost === 0) return [];
  const { id, fault } = step;
  const found: Damage[] = [];
  const allowed = allowedOf(part, wanted);
  // Those that are missing already have used some of it.
  const free = allowed === null ? null : Math.max(0, allowed - Math.max(0, wanted - ready));
  if (free !== null && lost > free) {
    found.push({
      accept: "pdb-broken",
      id,
      what: `disruption budget of ${part.part} broken by ${id} ${fault}`,
      observed: lost,
      limit: { max: free },
      rule:
        `${id} ${fault} must leave the disruption budget of ${part.part} whole: ` +
        `${free} pods may be down, got ${lost}`,
    });
  }
  const least = plan.minimumReady?.[part.part];
  if (least !== undefined && ready - lost < least) {
    found.push({
      accept: "below-minimum",
      id,
      what: `fewer Ready pods of ${part.part} than its minimum, by ${id} ${fault}`,
      observed: ready - lost,
      limit: { min: least },
      rule:
        `${id} ${fault} must leave ${least} Ready pods of ${part.part} (minimumReady), ` +
        `got ${ready - lost} of ${ready}`,
    });
  }
  return found;
}

/** Pods of a part that a step is sure to hit: a node has at least one of those it was picked by. */
function picked({ on }: PlannedStep, part: PlannedPart): number {
  if (on.kind === "link" || on.kind === "cluster" || on.part !== part.part) return 0;
  const many = countOf(on, part);
  return on.kind === "gpu" ? Math.ceil(many / Math.max(1, part.gpusPerPod)) : many;
}

/** Of so many pods, how many its strictest PodDisruptionBudget lets go of; null: it has none. */
function allowedOf({ objects, selector }: PlannedPart, replicas: number): number | null {
  const labels = objects
    .map(templateLabels)
    .find((one) => selector !== null && selects(selector, one));
  const allowed = objects
    .filter(({ kind }) => kind === "PodDisruptionBudget")
    .filter((budget) => !labels || selectsBy(at(budget, "spec", "selector"), labels))
    .flatMap((budget) => allowedBy(budget, replicas) ?? []);
  return allowed.length === 0 ? null : Math.min(...allowed);
}

/** Of one that the API server has, also what it counts right now: pods may be missing already. */
function allowedBy(budget: KubeObject, replicas: number): number | null {
  const now = numberAt(budget, "status", "disruptionsAllowed") ?? Infinity;
  const most = amount(at(budget, "spec", "maxUnavailable"), replicas);
  if (most !== null) return Math.min(most, now);
  const least = amount(at(budget, "spec", "minAvailable"), replicas);
  return least === null ? null : Math.min(Math.max(0, replicas - least), now);
}

/** `2` or `"50%"` of `all`, rounded up as Kubernetes does. */
function amount(value: unknown, all: number): number | null {
  const number = numberAt(value);
  if (number !== undefined) return number;
  const percent = /^(\d+)%$/.exec(textAt(value))?.[1];
  return percent === undefined ? null : Math.ceil((Number(percent) * all) / 100);
}
