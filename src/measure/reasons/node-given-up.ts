import { listAt, numberAt, textAt, type JsonObject } from "../../model/json.ts";
import type { Reason } from "../../model/measurement.ts";
import type { PlannedPart } from "../../model/plan.ts";
import { showMs, type Ms, type Us } from "../../model/quantity.ts";
import { countedParts } from "../capacity.ts";
import { longestHurt, missingSpans } from "./spans.ts";
import {
  endpointRemovals,
  nodeChanges,
  podHistories,
  stateAt,
  statesAfter,
  type DownLane,
  type NodeChange,
  type PodHistory,
  type Scene,
} from "./view.ts";

/** The control plane looks every 5 s, and the last sign of life may be 10 s old at the effect. */
const GRACE_SLACK_MS = 15_000;
/** Clients must have been hurt for so long before, without a pause. */
const HURT_BEFORE_US = 10_000_000;
const EVICT_EARLY_MS = 5_000;
const EVICT_LATE_MS = 20_000;
const UNREACHABLE = "node.kubernetes.io/unreachable";
/** The admission plug-in DefaultTolerationSeconds. */
const TOLERATION_DEFAULT_S = 300;

/**
 * A node that is silent counts as well until its grace is over: until then clients are sent to it.
 * Its pods then count as there until their toleration is over: until then none takes their place.
 * Told only where what was seen fits the settings.
 */
export function nodeGivenUp(lane: DownLane, scene: Scene): readonly Reason[] {
  const { effect } = scene;
  const grace = graceOf(scene);
  if (!grace) return [];
  const first = new Map<string, NodeChange>();
  for (const change of nodeChanges(scene)) {
    if (change.atUs > effect.lowUs && change.silent && !first.has(change.node)) {
      first.set(change.node, change);
    }
  }
  return [...first.values()].flatMap((lost) => {
    const tookMs = (lost.atUs - effect.stampUs) / 1_000;
    if (Math.abs(tookMs - grace.valueMs) > GRACE_SLACK_MS) return [];
    const of = { lane, scene, lost, grace };
    return (lane.lane === "service" ? endpointReason(of) : capacityReason(of)) ?? [];
  });
}

interface Setting {
  readonly valueMs: Ms;
  readonly from: string;
}

interface LostNode {
  readonly lane: DownLane;
  readonly scene: Scene;
  readonly lost: NodeChange;
  readonly grace: Setting;
}

/** Null: nobody knows what it was. */
function graceOf({ plan, kubernetes }: Scene): Setting | null {
  if (plan.cluster.nodeGraceMs !== null) {
    return { valueMs: plan.cluster.nodeGraceMs, from: "cluster.nodeGrace of the experiment" };
  }
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(kubernetes) ?? [];
  if (major !== "1" || minor === undefined) return null;
  const valueMs = Number(minor) >= 32 ? 50_000 : 40_000;
  return { valueMs, from: `default of Kubernetes ${major}.${minor}` };
}

/** Pods of some parts that were on the node when it was given up. */
function podsOn({ scene, lost }: LostNode, parts: readonly PlannedPart[]): readonly PodHistory[] {
  const names = new Set(parts.map(({ part }) => part));
  return podHistories(scene).filter((pod) => {
    const then = stateAt(pod, lost.atUs);
    return names.has(pod.part) && then?.node === lost.node && !then.leaving;
  });
}

function endpointReason(of: LostNode): Reason | null {
  const { lane, scene, lost, grace } = of;
  const { effect, plan } = scene;
  if (!lane.traffic) return null;
  const there = podsOn(
    of,
    plan.stack.filter(({ part }) => part === plan.load.to),
  );
  const names = new Set(there.map(({ name }) => name));
  const removed = (endpointRemovals(scene) ?? []).filter(({ pod }) => names.has(pod));
  if (removed.length === 0) return null;
  const lastUs = Math.max(...removed.map(({ atUs }) => atUs));
  const late = Math.abs(lastUs - lost.atUs) / 1_000 > GRACE_SLACK_MS;
  if (late || lane.untilUs < lastUs || !hurtUntil(lastUs, lane, scene)) return null;
  const took = showMs(Math.round((lastUs - effect.stampUs) / 1_000));
  return {
    lane: "service",
    scenario: lane.traffic.name,
    what: `new connections went to ${lost.node} for ${took}, until it was given up (node-monitor-grace-period ${showMs(grace.valueMs)})`,
    evidence: {
      ...graceEvidence(of),
      endpoints: removed.map(({ pod, atUs }) => ({ pod, removedUs: atUs })),
    },
    hint:
      "clients that keep connections, give up soon and try again elsewhere need not wait for it; " +
      "a shorter node-monitor-grace-period of the controller-manager notices sooner, and takes " +
      "short silences for losses, too",
  };
}

/** A lane that was well before waited for something else. */
function hurtUntil(atUs: Us, { traffic, fromUs }: DownLane, scene: Scene): boolean {
  const before = { fromUs: Math.max(fromUs, atUs - HURT_BEFORE_US), untilUs: atUs };
  const hurt = traffic && longestHurt(traffic, before, scene);
  return hurt?.fromUs === before.fromUs && hurt.untilUs === before.untilUs;
}

function capacityReason(of: LostNode): Reason | null {
  const { lane, scene, lost } = of;
  const parts = countedParts(scene.plan).filter((part) => podsOn(of, [part]).length > 0);
  const [part, ...others] = parts;
  // Two parts on it: which of them the lane waited for is not told apart.
  if (!part || others.length > 0) return null;
  const tolerated = tolerationOf(part);
  if (!tolerated) return null;
  const evictions = podsOn(of, [part]).map((pod) => evictedUs(pod, lost.atUs));
  const known = evictions.filter((atUs) => atUs !== null);
  const dueUs = lost.atUs + tolerated.valueMs * 1_000;
  const fits = known.every(
    (atUs) => atUs >= dueUs - EVICT_EARLY_MS * 1_000 && atUs <= dueUs + EVICT_LATE_MS * 1_000,
  );
  const waiting = known.length < evictions.length;
  const overdue = waiting && scene.untilUs > dueUs + EVICT_LATE_MS * 1_000;
  if (!fits || overdue || (waiting && lane.back)) return null;
  const evicted = waiting ? null : Math.max(...known);
  const endUs = evicted ?? lane.untilUs;
  const short = missingSpans(lane, scene);
  // Without a pause; a change of the number of missing pods is none.
  let heldUs = lost.atUs;
  for (const { fromUs, untilUs } of short) if (fromUs <= heldUs) heldUs = Math.max(heldUs, untilUs);
  if (heldUs < endUs) return null;
  return {
    lane: "capacity",
    scenario: null,
    what: whatOf(of, tolerated, evicted),
    evidence: {
      ...graceEvidence(of),
      evictedUs: evicted,
      tolerationSeconds: { value: tolerated.valueMs / 1_000, from: tolerated.from },
    },
    hint:
      `shorter tolerationSeconds of ${part.part} for ${UNREACHABLE} replace its pods sooner; ` +
      "longer than a node needs to start again, or than a cut of the network lasts, they spare moves",
  };
}

function whatOf({ scene, lost, grace }: LostNode, tolerated: Setting, evicted: Us | null): string {
  const since = (atUs: Us): string => showMs(Math.round((atUs - scene.effect.stampUs) / 1_000));
  const then =
    evicted === null
      ? "its pods were not evicted by the end"
      : `its pods were evicted at ${since(evicted)}`;
  return (
    `waited for ${lost.node} to be given up at ${since(lost.atUs)} (node-monitor-grace-period ` +
    `${showMs(grace.valueMs)}); ${then} (tolerationSeconds ${tolerated.valueMs / 1_000})`
  );
}

function graceEvidence({ scene, lost, grace }: LostNode): JsonObject {
  return {
    node: lost.node,
    effectUs: scene.effect.stampUs,
    givenUpUs: lost.atUs,
    nodeMonitorGracePeriod: { valueMs: grace.valueMs, from: grace.from },
  };
}

/** When it was told to end; null: not by the end. */
function evictedUs(pod: PodHistory, lostUs: Us): Us | null {
  return statesAfter(pod, lostUs).find(({ leaving }) => leaving)?.atUs ?? null;
}

/** Null: it stays for good, or has no pod template. */
function tolerationOf(part: PlannedPart): Setting | null {
  const template = part.objects.find((object) => listAt(object, ...CONTAINERS).length > 0);
  if (!template) return null;
  const own = listAt(template, "spec", "template", "spec", "tolerations").find(
    (one) =>
      ["", UNREACHABLE].includes(textAt(one, "key")) &&
      ["", "NoExecute"].includes(textAt(one, "effect")),
  );
  if (own === undefined) {
    const valueMs = TOLERATION_DEFAULT_S * 1_000;
    return { valueMs, from: "default of Kubernetes" };
  }
  const seconds = numberAt(own, "tolerationSeconds");
  return seconds === undefined
    ? null
    : { valueMs: seconds * 1_000, from: `tolerations of ${part.part}` };
}

const CONTAINERS = ["spec", "template", "spec", "containers"] as const;
