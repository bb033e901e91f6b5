import type { Damage } from "../model/damage.ts";
import { at, listAt, textAt, type KubeObject } from "../model/json.ts";
import type { Plan, PlannedPart, PlannedStep, StepId } from "../model/plan.ts";
import type { Target } from "../model/target.ts";
import { lostDamage } from "./budgets.ts";
import { hasEnded, isServing, type Placement } from "./inventory.ts";
import { standing } from "./overlap.ts";
import { podBounds } from "./scale.ts";

const uidOf = (pod: KubeObject): string => textAt(pod, "metadata", "uid");
const nodeOf = (pod: KubeObject): string => textAt(pod, "spec", "nodeName");
/** `namespace/name`. */
export const podName = ({ metadata }: KubeObject): string =>
  `${metadata.namespace ?? ""}/${metadata.name}`;

/** The things that steps meet, as drawn or as met. */
export type Met = ReadonlyMap<StepId, readonly Target[]>;

/**
 * Pods that these targets take down: those that are met, and all on a node that is met. DaemonSets'
 * are exempt there: each node has its own. A link takes none.
 */
export function victimsOf(
  targets: readonly Target[],
  pods: readonly KubeObject[],
): readonly KubeObject[] {
  const uids = new Set<string>();
  const nodes = new Set<string>();
  for (const target of targets) {
    if (target.kind === "pod") uids.add(target.uid);
    if (target.kind === "gpu" && target.holder) uids.add(target.holder.uid);
    if (target.kind === "node") nodes.add(target.node);
  }
  return pods.filter(
    (pod) =>
      !hasEnded(pod) && (uids.has(uidOf(pod)) || (nodes.has(nodeOf(pod)) && !ofDaemonSet(pod))),
  );
}

/** Pods lost at a step's inject: to itself and to what is in effect then. */
export function lostAt(
  plan: Plan,
  step: PlannedStep,
  of: { readonly met: Met; readonly pods: readonly KubeObject[] },
): readonly KubeObject[] {
  const targets = standing(plan, step).flatMap(({ id }) => of.met.get(id) ?? []);
  return victimsOf(targets, of.pods);
}

/** What steps do to pods where these run now. Pure. */
export function placedDamage(
  plan: Plan,
  of: {
    readonly steps: readonly PlannedStep[];
    /** With the budgets of those that are there already. */
    readonly stack: readonly PlannedPart[];
    readonly met: Met;
    readonly placement: Placement;
  },
): readonly Damage[] {
  const { pods, inventory } = of.placement;
  return of.steps.flatMap((step) => {
    const lost = lostAt(plan, step, { met: of.met, pods });
    const gone = new Set(lost.map(uidOf));
    const parts = of.stack.flatMap((part) => {
      const ready = (inventory.pods[part.part] ?? []).filter((pod) => pod.ready);
      const own = ready.filter(({ target }) => gone.has(target.uid)).length;
      const wanted = Math.max(podBounds(part)?.least ?? 0, ready.length);
      return lostDamage(plan, step, { part, ready: ready.length, wanted, lost: own });
    });
    return [...parts, ...roleDamage(step, lost, pods)];
  });
}

/** Pods of the control plane and of monitoring that are lost without another in their place. */
function roleDamage(
  { id, fault }: PlannedStep,
  lost: readonly KubeObject[],
  pods: readonly KubeObject[],
): readonly Damage[] {
  const gone = new Set(lost.map(uidOf));
  return lost.flatMap((pod): readonly Damage[] => {
    const accept = roleOf(pod);
    if (accept === null || ofDaemonSet(pod) || hasSibling(pod, pods, gone)) return [];
    const where = `${podName(pod)} on ${nodeOf(pod)}`;
    const role = accept === "control-plane-pod" ? "control plane" : "monitoring";
    return [
      {
        accept,
        id,
        what: `pod ${where} of the ${role} lost to ${id} ${fault}`,
        observed: 1,
        limit: { max: 0 },
        rule: `${id} ${fault} must take no pod of the ${role} without a Ready replica elsewhere, got ${where}`,
      },
    ];
  });
}

/**
 * Whether another Ready pod of the same controller stays: what is replicated, as cluster DNS is,
 * goes on. A static pod has the node for its owner, and no other pod of it counts.
 */
function hasSibling(
  pod: KubeObject,
  pods: readonly KubeObject[],
  gone: ReadonlySet<string>,
): boolean {
  const owner = ownerOf(pod);
  if (owner === null || owner.kind === "Node") return false;
  return pods.some(
    (one) => isServing(one) && !gone.has(uidOf(one)) && ownerOf(one)?.uid === owner.uid,
  );
}

function ownerOf(pod: KubeObject): { readonly kind: string; readonly uid: string } | null {
  const owner = listAt(pod, "metadata", "ownerReferences").find(
    (one) => at(one, "controller") === true,
  );
  return owner === undefined ? null : { kind: textAt(owner, "kind"), uid: textAt(owner, "uid") };
}

const ofDaemonSet = (pod: KubeObject): boolean => ownerOf(pod)?.kind === "DaemonSet";

const NAMED_BY = [
  "app.kubernetes.io/part-of",
  "app.kubernetes.io/component",
  "app.kubernetes.io/name",
  "k8s-app",
  "app",
  "ninety/part",
];
const MONITORING = /^(kube-)?(prometheus|alertmanager|grafana|metrics-server|state-metrics)(-|$)/;

/** What else than its own service a pod is there for, by its labels, namespace and class. */
export function roleOf(pod: KubeObject): "control-plane-pod" | "monitoring-pod" | null {
  const { namespace, labels = {} } = pod.metadata;
  if (NAMED_BY.some((key) => MONITORING.test(labels[key] ?? ""))) return "monitoring-pod";
  const isControlPlane =
    namespace === "kube-system" ||
    ownerOf(pod)?.kind === "Node" ||
    textAt(pod, "metadata", "annotations", "kubernetes.io/config.mirror") !== "" ||
    textAt(pod, "spec", "priorityClassName").startsWith("system-");
  return isControlPlane ? "control-plane-pod" : null;
}
