// What a plan would do, before it is done: victims by name where a cluster is there.
import { blastOf, concernsAll, drawAll, stepsOnExisting } from "../kernel/blast.ts";
import { budgetDamage } from "../kernel/budgets.ts";
import { findExisting } from "../kernel/existing.ts";
import { readPlacement, type Placement } from "../kernel/inventory.ts";
import { existingNamespaces, notOptedIn, optInProblems } from "../kernel/opt-in.ts";
import { planDamage, planProblems } from "../kernel/preflight.ts";
import { podName, victimsOf } from "../kernel/victims.ts";
import { acceptedDamage, refusedDamage, type Damage } from "../model/damage.ts";
import type { Plan, PlannedStep } from "../model/plan.ts";
import { showTarget, type Pick, type CountedKind, type Target } from "../model/target.ts";
import type { Cluster } from "../ports/cluster.ts";
import type { AnyFault } from "../ports/fault.ts";

const LOOK_WITHIN_MS = 30_000;

export interface Foreseen {
  /** A line a step: what it meets. */
  readonly victims: readonly string[];
  /** Predicted and accepted. */
  readonly accepted: readonly Damage[];
  /** Why a run would be refused. */
  readonly refused: readonly string[];
}

/** `cluster` null: none is up, and victims are slots. Touches nothing. */
export async function foresee(
  plan: Plan,
  of: { readonly cluster: Cluster | null; readonly faults: (name: string) => AnyFault },
): Promise<Foreseen> {
  const own = planDamage(plan, of.faults);
  const problems = planProblems(plan, of.faults);
  if (of.cluster === null || existingNamespaces(plan).length === 0) {
    return {
      victims: plan.steps.map(slotLine),
      accepted: acceptedDamage(plan, own),
      refused: problems,
    };
  }
  const seen = await lookAt(plan, of.cluster);
  return {
    victims: seen.victims,
    accepted: acceptedDamage(plan, lastOfEach([...own, ...seen.damage])),
    refused: [...new Set([...problems, ...seen.problems, ...refusedDamage(plan, seen.damage)])],
  };
}

/** What was said later of the same damage knows more. */
function lastOfEach(all: readonly Damage[]): readonly Damage[] {
  const key = ({ accept, id, what }: Damage): string => JSON.stringify([accept, id, what]);
  return [...new Map(all.map((one) => [key(one), one])).values()];
}

async function lookAt(
  plan: Plan,
  cluster: Cluster,
): Promise<{
  readonly victims: readonly string[];
  readonly damage: readonly Damage[];
  readonly problems: readonly string[];
}> {
  const { api } = cluster;
  const signal = AbortSignal.timeout(LOOK_WITHIN_MS);
  const run = "none";
  // Whether its Service has an address is preflight's to say.
  const found = await findExisting(plan, { api, addressGiven: true, signal });
  const whole = concernsAll(plan);
  const placement = await readPlacement({ stack: plan.stack, run, api, whole }, signal);
  const steps = stepsOnExisting(plan);
  const { met, missing } = drawAll(steps, placement.inventory);
  const blast = blastOf(plan, { run, steps, stack: found.stack, met, placement });
  const there = found.stack.filter(({ existing }) => existing);
  const namespaces = [...existingNamespaces(plan), ...blast.namespaces];
  return {
    victims: plan.steps.map((step) => {
      const targets = met.get(step.id);
      return targets === undefined ? slotLine(step) : namedLine(step, targets, placement);
    }),
    damage: [...budgetDamage(plan, there), ...blast.damage],
    problems: [
      ...found.problems,
      ...(found.problems.length === 0 ? missing : []),
      ...optInProblems(await notOptedIn(cluster, namespaces, signal)),
    ],
  };
}

function namedLine(step: PlannedStep, targets: readonly Target[], placement: Placement): string {
  const told = targets.map((target) =>
    target.kind === "link"
      ? `${target.from.map(({ name }) => name).join(", ")} to ${target.to.map(({ name }) => name).join(", ")}`
      : showTarget(target),
  );
  const nodes = new Set(targets.flatMap((one) => (one.kind === "node" ? [one.node] : [])));
  if (nodes.size === 0) return `${step.id}: ${told.join(", ")}`;
  const gpus = placement.inventory.nodes
    .filter(({ name }) => nodes.has(name))
    .reduce((sum, one) => sum + one.gpus, 0);
  const pods = victimsOf(targets, placement.pods).map(podName);
  return `${step.id}: ${told.join(", ")}, with ${gpus} GPUs and ${pods.length} pods: ${pods.join(", ")}`;
}

function slotLine({ id, on, slots }: PlannedStep): string {
  if (on.kind === "cluster") return `${id}: the cluster`;
  const many = (pick: Pick<CountedKind>, own: readonly number[]): string => {
    const rank = own.length === 0 ? "" : `, rank ${own.join(", ")} in the order of nodes and names`;
    return `${pick.count} ${pick.kind} of ${pick.part}${rank}`;
  };
  if (on.kind === "link") {
    const from = on.from.count === "all" ? 0 : on.from.count;
    return `${id}: from ${many(on.from, slots.slice(0, from))} to ${many(on.to, slots.slice(from))}`;
  }
  const more = on.kind === "node" ? ", with all pods and GPUs on it" : "";
  return `${id}: ${many(on, slots)}${more}`;
}
