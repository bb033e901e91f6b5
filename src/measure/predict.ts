import type { Effect } from "../model/effect.ts";
import { happensOnce } from "../model/effect-facts.ts";
import { at, listAt, numberAt, textAt, type Json, type KubeObject } from "../model/json.ts";
import { absent } from "../model/measured.ts";
import type { Segment } from "../model/measurement.ts";
import type { Plan, PlannedStep } from "../model/plan.ts";
import type { Ms } from "../model/quantity.ts";
import {
  backOff,
  BACK_OFF_MAX_MS,
  nodeGivenUp,
  probeFails,
  probeOf,
  RELIST_MS,
  tolerated,
  type Probe,
  type Range,
} from "./predict/timers.ts";
import {
  containerOf,
  cutsOff,
  moverOf,
  startUpOf,
  tolerationOf,
  victimOf,
  type LivePod,
  type Victim,
} from "./predict/victim.ts";

/** What is known right before an inject. */
export interface Foresight {
  readonly plan: Plan;
  readonly step: Pick<PlannedStep, "id" | "injectMs" | "healMs">;
  readonly effects: readonly Effect[];
  /** Live, of the plan's parts. */
  readonly pods: readonly LivePod[];
  /** Live. */
  readonly nodes: readonly KubeObject[];
}

/** A controller that is told of a change acts on it at once; the rest is a busy machine. */
const AT_ONCE: Range = { lowMs: 0, highMs: 1_000 };
/** Seen: 0.24 to 1.3 s. */
const DEVICE_TOLD: Range = { lowMs: 0, highMs: 2_000 };
/** An endpoint that goes, and kube-proxy's minSyncPeriod of 1 s. */
const PROXIED: Range = { lowMs: 0, highMs: 2_000 };
const RESTARTS_MAX = 10;
const LEASE_MS = 40_000;

/**
 * What will follow a step's effects and how long each piece may take, from the live objects: edges
 * between clocks, several of which may lead to the same one. What is not known makes no edge.
 */
export function predict(of: Foresight): readonly Segment[] {
  const victim = victimOf(of.plan, of.effects, of.pods);
  if (!victim) return [];
  const edges = [
    ...fromEffect(of, victim),
    ...fromProbes(of, victim),
    ...ownEnd(of, victim),
    ...inPlace(of, victim),
    ...replaced(victim),
    ...served(),
  ];
  // Two effects of one step may begin the same way.
  const known = new Set<string>();
  return edges.filter(({ from, to }) => {
    const fresh = !known.has(`${from}>${to}`);
    known.add(`${from}>${to}`);
    return fresh;
  });
}

function edge(
  [from, to]: readonly [string, string],
  predicted: Range,
  of: { readonly object: string; readonly setting: string; readonly value: Json },
): Segment {
  const took = absent("ms", "predicted before it happened");
  return { from, to, took, cause: { ...of, predicted } };
}

/** Its kubelet falls silent. */
const silences = (effect: Effect): boolean =>
  effect.kind === "power" ||
  cutsOff(effect) ||
  (effect.kind === "program-stop" && effect.program === "kubelet");

/** The process ends by itself. */
function dies(effect: Effect): boolean {
  if (effect.kind === "gpu-state") return effect.symptom && effect.state === "crash";
  return effect.kind === "container-kill";
}

/** The process lives on and answers nothing, or nothing right: for a probe to find out. */
function ails(effect: Effect): boolean {
  if (effect.kind !== "gpu-state") return effect.kind === "freeze";
  return effect.symptom && ["hang", "sticky-error", "ecc-error"].includes(effect.state);
}

/** Kind and name of what a part's pods are made from, with the container; a pod alone is itself. */
function template({ part, pod }: Victim): string {
  const made = part.objects.find(
    (one) => listAt(one, "spec", "template", "spec", "containers").length > 0,
  );
  return made ? `${made.kind}/${made.metadata.name}` : `Pod/${pod.metadata.name}`;
}

/** What acts on the effect itself: device plugin and mover, the process, the API, the grace. */
function fromEffect({ plan, effects, nodes }: Foresight, victim: Victim): readonly Segment[] {
  const node = textAt(victim.pod, "spec", "nodeName");
  const all: Segment[] = [];
  if (effects.some((effect) => effect.kind === "gpu-state" && effect.signal)) {
    const told = {
      object: `Node/${node}`,
      setting: "device plugin, health",
      value: "ListAndWatch",
    };
    all.push(edge(["inj", "det:device-health"], DEVICE_TOLD, told));
    const mover = moverOf(plan, victim);
    if (mover) {
      const set = { object: mover.object, setting: "mover, GAP_MS", value: mover.gapMs };
      const within = { lowMs: 0, highMs: mover.gapMs + 1_000 };
      all.push(edge(["det:device-health", "evicted"], within, set));
    }
  }
  if (effects.some(dies)) {
    const set = { object: `Node/${node}`, setting: "kubelet, relist period", value: RELIST_MS };
    all.push(edge(["inj", "ended:1"], { lowMs: 0, highMs: 2 * RELIST_MS }, set));
  }
  if (effects.some(({ kind }) => kind === "delete" || kind === "evict")) {
    const set = { object: template(victim), setting: "delete or evict", value: "at once" };
    all.push(edge(["inj", "evicted"], AT_ONCE, set));
  }
  return effects.some(silences) ? [...all, ...nodeLost(plan, nodes, victim)] : all;
}

function nodeLost(plan: Plan, nodes: readonly KubeObject[], victim: Victim): readonly Segment[] {
  const graceMs = plan.cluster.nodeGraceMs ?? defaultGraceMs(nodes);
  if (graceMs === null) return [];
  const given = {
    object: "kube-controller-manager",
    setting: "node-monitor-grace-period",
    value: graceMs,
  };
  const leaseMs = plan.cluster.nodeLeaseMs ?? LEASE_MS;
  const gone = edge(["inj", "det:node-not-ready"], nodeGivenUp({ graceMs, leaseMs }), given);
  const unready = edge(["det:node-not-ready", "det:endpoint-removed"], PROXIED, {
    object: "kube-controller-manager",
    setting: "pods of a node that is given up",
    value: "at once",
  });
  const seconds = tolerationOf(victim.pod);
  if (seconds === null) return [gone, unready];
  const set = { object: template(victim), setting: "tolerationSeconds", value: seconds };
  return [gone, unready, edge(["det:node-not-ready", "evicted"], tolerated(seconds), set)];
}

/** A kubelet is never newer than the control plane; of an older one nobody knows. */
function defaultGraceMs(nodes: readonly KubeObject[]): Ms | null {
  const versions = nodes.map((node) => textAt(node, "status", "nodeInfo", "kubeletVersion"));
  const known = versions.map((version) => Number(/^v1\.(\d+)/.exec(version)?.[1] ?? NaN));
  return known.some((minor) => minor >= 32) ? 50_000 : null;
}

/** Readiness takes it out of the endpoints; liveness starts it again. */
function fromProbes({ effects }: Foresight, victim: Victim): readonly Segment[] {
  const container = containerOf(victim.pod);
  if (container === null || !effects.some(ails)) return [];
  const object = `${template(victim)}/${textAt(container, "name")}`;
  const { readinessProbe, livenessProbe } = container as Record<string, unknown>;
  const all: Segment[] = [];
  if (readinessProbe !== undefined) {
    const value = probeOf(readinessProbe);
    const set = { object, setting: "readinessProbe", value };
    const within = late(probeFails(value));
    all.push(edge(["inj", "det:pod-not-ready"], within, set));
    all.push(edge(["inj", "det:endpoint-removed"], within, set));
  }
  if (livenessProbe !== undefined) {
    const probe = probeOf(livenessProbe);
    const graceSeconds =
      numberAt(livenessProbe, "terminationGracePeriodSeconds") ??
      numberAt(victim.pod, "spec", "terminationGracePeriodSeconds") ??
      30;
    const { lowMs, highMs } = late(probeFails(probe));
    const within = { lowMs, highMs: highMs + graceSeconds * 1_000 + RELIST_MS };
    const value: Probe & { readonly graceSeconds: number } = { ...probe, graceSeconds };
    all.push(edge(["inj", "ended:1"], within, { object, setting: "livenessProbe", value }));
  }
  return all;
}

/** What the API server is told, and what watches it, come a moment later. */
const late = ({ lowMs, highMs }: Range): Range => ({ lowMs, highMs: highMs + 500 });

/** The effect's own end is what some wait for. */
function ownEnd({ step, effects }: Foresight, victim: Victim): readonly Segment[] {
  if (step.healMs === null || effects.every(happensOnce)) return [];
  const heldMs = step.healMs - step.injectMs;
  const set = { object: `step ${step.id}`, setting: "for", value: heldMs };
  const held = edge(["inj", "clr"], { lowMs: heldMs - 2_000, highMs: heldMs + 5_000 }, set);
  const probe = at(containerOf(victim.pod), "readinessProbe");
  if (probe === undefined || !effects.some(ails)) return [held];
  const { periodSeconds, timeoutSeconds } = probeOf(probe);
  const times = numberAt(probe, "successThreshold") ?? 1;
  const within = { lowMs: 0, highMs: (times * periodSeconds + timeoutSeconds) * 1_000 + 1_000 };
  const value = { periodSeconds, successThreshold: times };
  const well = { object: template(victim), setting: "readinessProbe, success", value };
  return [held, edge(["clr", "full"], within, well), edge(["clr", "rec"], within, well)];
}

/** Containers that end are started again in place, each time after a longer wait. */
function inPlace({ plan, effects }: Foresight, victim: Victim): readonly Segment[] {
  const ends = effects.some((effect) => dies(effect) || ails(effect));
  const statuses = listAt(victim.pod, "status", "containerStatuses");
  // One that was restarted before has a back-off of which nobody tells how far it is.
  const before = statuses.reduce<number>(
    (sum, one) => sum + (numberAt(one, "restartCount") ?? 0),
    0,
  );
  if (!ends || before > 0) return [];
  const maxMs = plan.cluster.backoffMaxMs ?? BACK_OFF_MAX_MS;
  const object = `Node/${textAt(victim.pod, "spec", "nodeName")}`;
  const start = startOf(victim);
  const again = effects.some((effect) => dies(effect) && !happensOnce(effect));
  return Array.from({ length: RESTARTS_MAX }, (_, i) => i + 1).flatMap((nth) => {
    const set = { object, setting: `crashLoopBackOff, restart ${nth}`, value: { maxMs } };
    const all = [edge([`ended:${nth}`, `restarted:${nth}`], backOff(nth, maxMs), set)];
    if (!start) return all;
    all.push(edge([`restarted:${nth}`, "full"], start.within, start.set));
    if (!again) return all;
    const sick = { ...start.set, setting: "start on the same device" };
    const within = { lowMs: 0, highMs: start.within.highMs + RELIST_MS };
    return [...all, edge([`restarted:${nth}`, `ended:${nth + 1}`], within, sick)];
  });
}

/** From the start of a container to Ready. One start alone may be quicker than a deploy's. */
function startOf(
  victim: Victim,
): { readonly within: Range; readonly set: Parameters<typeof edge>[2] } | null {
  const container = containerOf(victim.pod);
  const startUp = startUpOf(victim.siblings);
  if (container === null || startUp === null) return null;
  const probe = probeOf(at(container, "startupProbe") ?? at(container, "readinessProbe") ?? {});
  const { periodSeconds } = probe;
  return {
    within: { lowMs: 0, highMs: startUp.readyMs + periodSeconds * 1_000 },
    set: {
      object: `${template(victim)}/${textAt(container, "name")}`,
      setting: "model load and warm-up, startupProbe",
      value: { periodSeconds },
    },
  };
}

/** Another pod takes the place of one that is told to end. */
function replaced(victim: Victim): readonly Segment[] {
  const owner = listAt(victim.pod, "metadata", "ownerReferences").find(
    (one) => textAt(one, "kind") === "ReplicaSet",
  );
  // Others wait until the old one is gone, or make none.
  if (!owner) return [];
  const set = { object: `ReplicaSet/${textAt(owner, "name")}`, setting: "sync", value: "at once" };
  const made = edge(["evicted", "created"], AT_ONCE, set);
  const place = { object: "kube-scheduler", setting: "scheduling", value: "at once" };
  const placed = edge(["created", "scheduled"], AT_ONCE, place);
  const startUp = startUpOf(victim.siblings);
  const start = startOf(victim);
  if (!startUp || !start) return [made, placed];
  const policy = textAt(containerOf(victim.pod), "imagePullPolicy");
  const image = { object: start.set.object, setting: "image, volumes, sandbox", value: policy };
  const begun = { lowMs: 0, highMs: startUp.startedMs };
  return [
    made,
    placed,
    edge(["scheduled", "started"], begun, image),
    edge(["started", "full"], start.within, start.set),
  ];
}

/** Clients are sent elsewhere once an endpoint is gone. */
function served(): readonly Segment[] {
  const controller = { object: "endpoint-slice controller", setting: "sync", value: "at once" };
  const from = ["evicted", "ended:1", "det:pod-not-ready"];
  const proxy = { object: "kube-proxy", setting: "minSyncPeriod", value: 1_000 };
  return [
    ...from.map((one) => edge([one, "det:endpoint-removed"], AT_ONCE, controller)),
    edge(["ended:1", "det:pod-not-ready"], AT_ONCE, {
      object: "kubelet",
      setting: "status update",
      value: "at once",
    }),
    edge(["det:endpoint-removed", "rec"], PROXIED, proxy),
  ];
}
