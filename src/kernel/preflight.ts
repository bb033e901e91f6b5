import { refusedDamage, type Damage } from "../model/damage.ts";
import { EXIT, NinetyError } from "../model/error.ts";
import type { Plan } from "../model/plan.ts";
import type { AnyFault } from "../ports/fault.ts";
import { budgetDamage } from "./budgets.ts";
import { bringsNothing } from "./existing.ts";
import { spareDamage, tooFewGpus } from "./gpus.ts";
import { holding, probesDamage, unleasedDamage } from "./holding.ts";
import type { InventoryNode } from "./inventory.ts";
import type { Holders } from "./run-system.ts";

/** What a cluster is, as far as preflight judges it. */
export interface Facts {
  readonly kind: "local" | "kube" | "simulated";
  /** `v1.36.2`. */
  readonly kubernetes: string;
  readonly nodes: readonly InventoryNode[];
  /** Just started as the plan says: its nodes and GPUs are still coming. */
  readonly fresh: boolean;
  /** GPUs that the parts of the run may have; absent: all of the nodes'. */
  readonly gpusFree?: number;
}

/** Looks a fault up by its name. */
type Faults = (name: string) => AnyFault;

/** The damage that a plan does, as far as it says so before any cluster is there. */
export function planDamage(plan: Plan, faults: Faults): readonly Damage[] {
  return [
    ...budgetDamage(plan, plan.stack),
    ...spareDamage(plan, plan.cluster.nodes * plan.cluster.gpusPerNode),
    ...probesDamage(plan, faults),
  ];
}

/** What is wrong with a plan before any cluster is there. */
export function planProblems(plan: Plan, faults: Faults): readonly string[] {
  const { nodes, gpusPerNode } = plan.cluster;
  return [
    ...refusedDamage(plan, planDamage(plan, faults)),
    ...tooFewGpus(plan, nodes * gpusPerNode),
  ];
}

/** What is wrong between a plan and a cluster that is up, and what it would do to it. */
export function clusterProblems(
  plan: Plan,
  facts: Facts,
  of: { readonly faults: Faults; readonly accepts: Holders["accepts"] },
): { readonly problems: readonly string[]; readonly damage: readonly Damage[] } {
  const open = facts.nodes.filter(({ schedulable }) => schedulable || facts.fresh);
  const nodes = open.map(({ name }) => name);
  // What is there already runs where it runs.
  const places = !facts.fresh && !bringsNothing(plan);
  const asked = { ...of, nodes: nodes.length > 0 ? nodes : ["any"] };
  const held = plan.steps.map((step) => ({ step, held: holding(step, asked) }));
  const refused = held.flatMap(({ step, held: { refused: why } }) =>
    why === undefined ? [] : [`${step.id} ${step.fault} can be held by nobody: ${why}`],
  );
  // A local cluster gets its GPUs with our add-on, as planned; elsewhere they are what is there.
  const there = facts.gpusFree ?? open.reduce((sum, { gpus }) => sum + gpus, 0);
  const counts = places && facts.kind !== "local";
  return {
    problems: [
      ...(places ? nodeProblems(plan, nodes) : []),
      ...versionProblems(plan, facts),
      ...(counts ? tooFewGpus(plan, there) : []),
      ...refused,
    ],
    damage: [
      ...(counts ? spareDamage(plan, there) : []),
      ...held.flatMap(({ step, held: { unleased } }) =>
        unleased === undefined ? [] : [unleasedDamage(step, unleased)],
      ),
    ],
  };
}

/** Throws all of them with exit 4, or does nothing. */
export function refuse(problems: readonly string[], hint?: string): void {
  if (problems.length === 0) return;
  throw new NinetyError(problems.join("\n"), {
    exit: EXIT.preflight,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Throws where parts must be there already and the cluster is one that is only started now. */
export function refuseAbsent(plan: Plan): void {
  const parts = plan.stack.filter(({ existing }) => existing).map(({ part }) => part);
  if (parts.length === 0) return;
  refuse(
    [`existing parts need a cluster that is up, got ${parts.join(", ")} and none`],
    "ninety cluster up, deploy them with kubectl, and run again; or --context <name>",
  );
}

/** The devices of a pod are told by the API from here on. */
const DEVICES_SINCE = [1, 36] as const;

function versionProblems(plan: Plan, { kubernetes }: Facts): readonly string[] {
  const gpu = plan.steps.find(({ on }) => on.kind === "gpu");
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(kubernetes) ?? [];
  if (major === undefined || minor === undefined) {
    return [`the cluster must tell its version, got ${JSON.stringify(kubernetes)}`];
  }
  const [wantedMajor, wantedMinor] = DEVICES_SINCE;
  const behind =
    Number(major) < wantedMajor || (Number(major) === wantedMajor && Number(minor) < wantedMinor);
  if (!gpu || !behind) return [];
  return [
    `${gpu.id} ${gpu.fault} needs Kubernetes ${DEVICES_SINCE.join(".")} or newer, ` +
      `which tells which pod holds which GPU, got ${kubernetes}`,
  ];
}

function nodeProblems(plan: Plan, schedulable: readonly string[]): readonly string[] {
  if (schedulable.length >= plan.cluster.nodes) return [];
  return [
    `the cluster must have ${plan.cluster.nodes} schedulable nodes, ` +
      `got ${schedulable.length}: ${schedulable.join(", ") || "none"}`,
  ];
}
