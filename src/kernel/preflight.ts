import type { Effect } from "../model/effect.ts";
import { EXIT, NinetyError } from "../model/error.ts";
import { at, numberAt, textAt, type KubeObject } from "../model/json.ts";
import type { Plan, PlannedPart, PlannedStep } from "../model/plan.ts";
import type { CountedKind, Pick } from "../model/target.ts";
import type { AnyFault } from "../ports/fault.ts";
import { bringsNothing } from "./existing.ts";
import type { InventoryNode } from "./inventory.ts";
import { podBounds } from "./scale.ts";
import { selects, selectsBy, templateLabels } from "./selector.ts";
import { refusal } from "./stand-in.ts";

/** What a cluster is, as far as preflight judges it. */
export interface Facts {
  readonly kind: "local" | "kube" | "simulated";
  /** `v1.36.2`. */
  readonly kubernetes: string;
  readonly nodes: readonly InventoryNode[];
  /** Just started as the plan says: its nodes and GPUs are still coming. */
  readonly fresh: boolean;
}

/** What is wrong with a plan before any cluster is there. */
export function planProblems(plan: Plan): readonly string[] {
  return [...budgetProblems(plan), ...wantedProblems(plan)];
}

/** What is wrong between a plan and a cluster that is up; nothing was touched in it. */
export function clusterProblems(
  plan: Plan,
  facts: Facts,
  of: {
    readonly faults: (name: string) => AnyFault;
    readonly accepts: (effect: Effect) => { means: string } | { refused: string };
  },
): readonly string[] {
  const open = facts.nodes.filter(({ schedulable }) => schedulable || facts.fresh);
  const nodes = open.map(({ name }) => name);
  // What is there already runs where it runs.
  const places = !facts.fresh && !bringsNothing(plan);
  const refused = plan.steps.flatMap((step) => {
    const why = refusal(step, { ...of, nodes: nodes.length > 0 ? nodes : ["any"] });
    return why === null ? [] : [`${step.id} ${step.fault} can be held by nobody: ${why}`];
  });
  return [
    ...(places ? nodeProblems(plan, nodes) : []),
    ...versionProblems(plan, facts),
    ...(places ? gpuProblems(plan, facts) : []),
    ...refused,
  ];
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

/** A local cluster gets its GPUs with our add-on, as planned; elsewhere they are what is there. */
function gpuProblems(plan: Plan, facts: Facts): readonly string[] {
  const wanted = wantedGpus(plan);
  if (facts.kind === "local" || wanted === 0) return [];
  const open = facts.nodes.filter(({ schedulable }) => schedulable);
  const there = open.reduce((sum, { gpus }) => sum + gpus, 0);
  return spareProblems(plan, wanted, there);
}

function wantedProblems(plan: Plan): readonly string[] {
  const wanted = wantedGpus(plan);
  return wanted === 0
    ? []
    : spareProblems(plan, wanted, plan.cluster.nodes * plan.cluster.gpusPerNode);
}

function wantedGpus(plan: Plan): number {
  return plan.stack
    .filter(({ existing }) => !existing)
    .reduce((sum, part) => sum + mostPods(part) * part.gpusPerPod, 0);
}

/** A part that scales may come to need all of them. */
function mostPods(part: PlannedPart): number {
  return podBounds(part)?.most ?? 1;
}

function spareProblems(plan: Plan, wanted: number, there: number): readonly string[] {
  if (wanted > there) return [`the stack must find ${wanted} GPUs, the cluster has ${there}`];
  if (plan.accepts.includes("no-spare-gpu")) return [];
  const lost = Math.max(0, ...plan.steps.map((step) => lostGpus(plan, step)));
  if (wanted + lost <= there) return [];
  return [
    `the cluster must have a GPU for each displaced pod: ${wanted} wanted and ${lost} lost of ` +
      `${there}; accepts: ["no-spare-gpu"] if that is what is tested`,
  ];
}

/** GPUs that nobody can have from this step's inject on, until what overlaps it has healed. */
function lostGpus(plan: Plan, step: PlannedStep): number {
  return standing(plan, step).reduce((sum, { on, healMs }) => {
    if (healMs === null || (on.kind !== "gpu" && on.kind !== "node")) return sum;
    const part = plan.stack.find((one) => one.part === on.part);
    const many = countOf(on, part);
    if (on.kind === "gpu") return sum + many;
    // All nodes of a part are at most those that there are.
    return sum + Math.min(many, plan.cluster.nodes) * plan.cluster.gpusPerNode;
  }, 0);
}

/** The steps in effect at this step's inject, itself included. */
function standing(plan: Plan, step: PlannedStep): readonly PlannedStep[] {
  const { injectMs } = step;
  return plan.steps.filter(
    (one) => one === step || (one.injectMs <= injectMs && (one.healMs ?? one.injectMs) > injectMs),
  );
}

function countOf(on: Pick<CountedKind>, part: PlannedPart | undefined): number {
  if (on.count !== "all") return on.count;
  const pods = part ? mostPods(part) : 1;
  return on.kind === "gpu" ? pods * (part?.gpusPerPod ?? 0) : pods;
}

/**
 * More pods of a part down at once than its disruption budgets let go of. `stack`: the parts, with
 * the budgets of those that are there already.
 */
export function budgetProblems(plan: Plan, stack = plan.stack): readonly string[] {
  if (plan.accepts.includes("pdb-broken")) return [];
  return stack.flatMap((part) => {
    // A part that scales may be at its least when the fault comes.
    const replicas = podBounds(part)?.least ?? null;
    const allowed = replicas === null ? null : allowedOf(part, replicas);
    if (allowed === null || replicas === null) return [];
    for (const step of plan.steps) {
      const victims = standing(plan, step).reduce((sum, one) => sum + victimsOf(one, part), 0);
      if (Math.min(victims, replicas) <= allowed) continue;
      return [
        `${step.id} ${step.fault} must leave the disruption budget of ${part.part} whole: ` +
          `${allowed} pods may be down, got ${Math.min(victims, replicas)}; ` +
          `accepts: ["pdb-broken"] if that is what is tested`,
      ];
    }
    return [];
  });
}

/** Pods of a part that a step is sure to hit: a node has at least one of those it was picked by. */
function victimsOf({ on }: PlannedStep, part: PlannedPart): number {
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
