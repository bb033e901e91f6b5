import type { Damage } from "../model/damage.ts";
import { at, listAt, numberAt, textAt, type KubeObject } from "../model/json.ts";
import type { Plan, PlannedPart, PlannedStep } from "../model/plan.ts";
import type { Target } from "../model/target.ts";
import { GPU_RESOURCE, hasEnded, type Placement } from "./inventory.ts";
import { countOf, mostPods, standing } from "./overlap.ts";
import { victimsOf, podName, type Met } from "./victims.ts";

/** GPUs that the parts a run brings may come to need. */
function wantedGpus(plan: Plan): number {
  return plan.stack
    .filter(({ existing }) => !existing)
    .reduce((sum, part) => sum + mostPods(part) * part.gpusPerPod, 0);
}

/** By counts alone: so many GPUs are there for the parts that the run brings. */
export function tooFewGpus(plan: Plan, there: number): readonly string[] {
  const wanted = wantedGpus(plan);
  return wanted > there ? [`the stack must find ${wanted} GPUs, the cluster has ${there}`] : [];
}

/** By counts alone, of the step that takes most. */
export function spareDamage(plan: Plan, there: number): readonly Damage[] {
  const wanted = wantedGpus(plan);
  if (wanted === 0 || wanted > there) return [];
  const losses = plan.steps.map((step) => ({ step, lost: lostGpus(plan, step) }));
  const most = losses.toSorted((a, b) => b.lost - a.lost)[0];
  if (!most || wanted + most.lost <= there) return [];
  const { step, lost } = most;
  return [
    {
      ...noGpu(step),
      observed: wanted + lost - there,
      rule:
        `the cluster must have a GPU for each displaced pod: ${wanted} wanted and ${lost} lost of ` +
        `${there}`,
    },
  ];
}

const noGpu = ({ id, fault }: PlannedStep): Omit<Damage, "observed" | "rule"> => ({
  accept: "no-spare-gpu",
  id,
  what: `no GPU for pods displaced by ${id} ${fault}`,
  limit: { max: 0 },
});

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

/**
 * Pods with GPUs that are displaced and that the surviving nodes cannot host where everything runs
 * now: free GPUs, cordons, taints and node selectors count, affinity does not. Pure.
 */
export function hostDamage(
  plan: Plan,
  of: {
    readonly steps: readonly PlannedStep[];
    readonly met: Met;
    readonly placement: Pick<Placement, "nodes" | "pods">;
  },
): readonly Damage[] {
  return of.steps.flatMap((step) => {
    const lasting = standing(plan, step).filter(({ healMs }) => healMs !== null);
    const targets = lasting
      .flatMap(({ id }) => of.met.get(id) ?? [])
      .filter(({ kind }) => kind === "node" || kind === "gpu");
    const homeless = unhosted(targets, of.placement);
    if (homeless.length === 0) return [];
    const rule =
      `${step.id} ${step.fault} must leave a free GPU for each displaced pod, ` +
      `got none for ${homeless.map(podName).join(", ")}`;
    return [{ ...noGpu(step), observed: homeless.length, rule }];
  });
}

/** Those of the pods with GPUs displaced by these targets that find no node. */
function unhosted(
  targets: readonly Target[],
  { nodes, pods }: Pick<Placement, "nodes" | "pods">,
): readonly KubeObject[] {
  const lost = new Set(victimsOf(targets, pods));
  const displaced = [...lost].filter((pod) => gpusOf(pod) > 0);
  const dead = new Set(targets.flatMap((one) => (one.kind === "node" ? [one.node] : [])));
  const hosts = nodes
    .filter(({ metadata }) => !dead.has(metadata.name))
    .map((node) => {
      const { name } = node.metadata;
      const broken = targets.filter((one) => one.kind === "gpu" && one.node === name).length;
      return { node, free: freeGpus(node, pods, lost) - broken };
    });
  const choices = (pod: KubeObject): number =>
    hosts.filter(({ node }) => mayHost(node, pod)).length;
  // The hardest to place first, each where it fits most closely.
  const order = displaced.toSorted((a, b) => gpusOf(b) - gpusOf(a) || choices(a) - choices(b));
  return order.filter((pod) => {
    const host = hosts
      .filter(({ node, free }) => free >= gpusOf(pod) && mayHost(node, pod))
      .toSorted((a, b) => a.free - b.free)[0];
    if (!host) return true;
    host.free -= gpusOf(pod);
    return false;
  });
}

function freeGpus(
  node: KubeObject,
  pods: readonly KubeObject[],
  lost: ReadonlySet<KubeObject>,
): number {
  const used = pods
    .filter((pod) => textAt(pod, "spec", "nodeName") === node.metadata.name)
    .filter((pod) => !lost.has(pod) && !hasEnded(pod))
    .reduce((sum, pod) => sum + gpusOf(pod), 0);
  return (numberAt(node, "status", "allocatable", GPU_RESOURCE) ?? 0) - used;
}

/** GPUs that nobody has on nodes that take pods of one of these parts. */
export function gpusFor(
  parts: readonly PlannedPart[],
  { nodes, pods }: Pick<Placement, "nodes" | "pods">,
): number {
  const templates = parts
    .filter(({ existing, gpusPerPod }) => !existing && gpusPerPod > 0)
    .flatMap(({ objects }) => objects.map((object) => at(object, "spec", "template")))
    .filter((template) => template !== undefined);
  return nodes
    .filter((node) => templates.some((template) => mayHost(node, template)))
    .reduce((sum, node) => sum + Math.max(0, freeGpus(node, pods, new Set())), 0);
}

/** GPUs that a pod asks for; its containers run beside each other. */
function gpusOf(pod: unknown): number {
  return listAt(pod, "spec", "containers").reduce<number>(
    (sum, one) => sum + (numberAt(one, "resources", "limits", GPU_RESOURCE) ?? 0),
    0,
  );
}

const KEEPS_OUT: ReadonlySet<string> = new Set(["NoSchedule", "NoExecute"]);

/** Whether a node takes a pod (or its template): cordon, taints and node selector. */
function mayHost(node: KubeObject, pod: unknown): boolean {
  if (at(node, "spec", "unschedulable") === true) return false;
  const labels = node.metadata.labels ?? {};
  const wanted = Object.entries(at(pod, "spec", "nodeSelector") ?? {});
  if (!wanted.every(([key, value]) => labels[key] === value)) return false;
  const tolerations = listAt(pod, "spec", "tolerations");
  return listAt(node, "spec", "taints")
    .filter((taint) => KEEPS_OUT.has(textAt(taint, "effect")))
    .every((taint) => tolerations.some((toleration) => tolerates(toleration, taint)));
}

function tolerates(toleration: unknown, taint: unknown): boolean {
  const key = textAt(toleration, "key");
  const effect = textAt(toleration, "effect");
  if (effect !== "" && effect !== textAt(taint, "effect")) return false;
  if (textAt(toleration, "operator") === "Exists")
    return key === "" || key === textAt(taint, "key");
  return key === textAt(taint, "key") && textAt(toleration, "value") === textAt(taint, "value");
}
