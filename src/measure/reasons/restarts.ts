import type { JsonObject } from "../../model/json.ts";
import type { Reason } from "../../model/measurement.ts";
import { showMs, type Us } from "../../model/quantity.ts";
import { countedParts } from "../capacity.ts";
import { missingSpans, type Span } from "./spans.ts";
import { statesAfter, podHistories, type DownLane, type PodHistory, type Scene } from "./view.ts";

/** The first restart waits for nothing: one alone is no back-off. */
const RESTARTS_MIN = 2;
/** Less of the lane than this is not what made it long. */
const WAITED_MIN_US = 5_000_000;
/** A wait that was over as soon as the device was well held nothing. */
const HELD_MIN_US = 2_000_000;
const PODS_MAX = 10;
const RESTARTS_SHOWN_MAX = 50;

/**
 * A container that ends is started again in the same place, each time after a longer wait. Proved
 * by the ends and restarts of one pod while capacity was missing, and by the kubelet's own word for
 * the wait.
 */
export function restartsInPlace(lane: DownLane, scene: Scene): readonly Reason[] {
  if (lane.lane !== "capacity") return [];
  const parts = new Set(countedParts(scene.plan).map(({ part }) => part));
  const missing = missingSpans(lane, scene);
  return podHistories(scene)
    .filter(({ part }) => parts.has(part))
    .flatMap((pod) => reasonOf(pod, missing, { lane, scene }) ?? [])
    .slice(0, PODS_MAX);
}

/** From the end of a container to its next start; `restartedUs` null: it was waiting at the end. */
interface Wait {
  readonly endedUs: Us;
  readonly finishedAt: string;
  readonly restartedUs: Us | null;
  /** The kubelet called it a back-off. */
  readonly backOff: boolean;
  /** A device of the pod was Unhealthy when the wait was over. */
  readonly sick: boolean;
}

function waitsOf(pod: PodHistory, { effect }: Scene): readonly Wait[] {
  const before = pod.states.findLast(({ atUs }) => atUs <= effect.lowUs);
  let [restarts, finishedAt] = [before?.restarts ?? 0, before?.finishedAt ?? ""];
  let open: Omit<Wait, "restartedUs"> | null = null;
  const waits: Wait[] = [];
  for (const state of statesAfter(pod, effect.lowUs)) {
    if (state.leaving) break;
    const restarted = state.restarts > restarts;
    // An end that is told together with the restart after it began and ended unseen.
    if (open === null && state.finishedAt > finishedAt) {
      open = {
        endedUs: state.atUs,
        finishedAt: state.finishedAt,
        backOff: false,
        sick: state.sick,
      };
    }
    if (open) {
      const backOff: boolean = open.backOff || state.reason === "CrashLoopBackOff";
      open = { ...open, backOff, sick: state.sick };
    }
    if (open && restarted) {
      waits.push({ ...open, restartedUs: state.atUs });
      open = null;
    }
    restarts = Math.max(restarts, state.restarts);
    finishedAt = state.finishedAt;
  }
  return open ? [...waits, { ...open, restartedUs: null }] : waits;
}

function reasonOf(
  pod: PodHistory,
  missing: readonly Span[],
  { lane, scene }: { readonly lane: DownLane; readonly scene: Scene },
): Reason | null {
  const waits = waitsOf(pod, scene).filter(({ endedUs }) => endedUs < lane.untilUs);
  const backOffs = waits.filter(({ backOff }) => backOff);
  if (waits.length < RESTARTS_MIN || backOffs.length === 0) return null;
  const waitedUs = overlap(
    backOffs.map((wait) => spanOf(wait, lane.untilUs)),
    missing,
  );
  if (waitedUs < WAITED_MIN_US) return null;
  const missingUs = missing.reduce((sum, { fromUs, untilUs }) => sum + untilUs - fromUs, 0);
  const well = wellUs(pod, waits);
  const held = well === null ? null : heldAfter(well, waits, lane.untilUs);
  return {
    lane: "capacity",
    scenario: null,
    what: [
      `${pod.name} was restarted in place ${countOf(waits)}`,
      `: ${showMs(waitedUs / 1_000)} of back-off in ${showMs(missingUs / 1_000)} without all pods`,
      held === null ? "" : `; ${showHeld(well!, held, scene)}`,
    ].join(""),
    evidence: {
      pod: pod.name,
      restarts: waits.slice(0, RESTARTS_SHOWN_MAX).map((wait) => toldOf(wait)),
      missingMs: missingUs / 1_000,
      inBackOffMs: waitedUs / 1_000,
      deviceWellUs: well,
      heldUntilUs: held?.untilUs ?? null,
    },
    hint:
      "move the pod instead of restarting it in place (a mover that evicts it, or a DRA device " +
      "taint with NoExecute); or cap the wait: crashLoopBackOff.maxContainerRestartPeriod of the " +
      "kubelet (feature gate KubeletCrashLoopBackOffMax; 300s by default)",
  };
}

const spanOf = ({ endedUs, restartedUs }: Wait, untilUs: Us): Span => ({
  fromUs: endedUs,
  untilUs: restartedUs ?? untilUs,
});

/** How much of the waits lies in the spans; neither overlap themselves. */
function overlap(waits: readonly Span[], spans: readonly Span[]): Us {
  let sum = 0;
  for (const wait of waits) {
    for (const span of spans) {
      sum += Math.max(0, Math.min(wait.untilUs, span.untilUs) - Math.max(wait.fromUs, span.fromUs));
    }
  }
  return sum;
}

function countOf(waits: readonly Wait[]): string {
  const restarted = waits.filter(({ restartedUs }) => restartedUs !== null);
  const sick = restarted.filter((wait) => wait.sick).length;
  const times = `${restarted.length} ${restarted.length === 1 ? "time" : "times"}`;
  if (sick === 0) return times;
  if (sick === restarted.length) return `${times} on a device that is Unhealthy`;
  return `${times} (${sick} on a device that was Unhealthy)`;
}

/** When its devices were well again after a restart or a wait on a sick one; null: never so. */
function wellUs(pod: PodHistory, waits: readonly Wait[]): Us | null {
  const first = waits.find(({ sick }) => sick);
  if (!first) return null;
  const lastSick = pod.states.findLastIndex(({ sick }) => sick);
  return pod.states[lastSick + 1]?.atUs ?? null;
}

interface HeldAfter {
  readonly untilUs: Us;
  readonly over: boolean;
}

/** The wait that was going on when the device was well again. */
function heldAfter(well: Us, waits: readonly Wait[], endUs: Us): HeldAfter | null {
  const wait = waits.find(
    ({ endedUs, restartedUs, backOff }) =>
      backOff && endedUs <= well && (restartedUs === null || restartedUs > well),
  );
  const untilUs = wait?.restartedUs ?? endUs;
  if (!wait || untilUs - well < HELD_MIN_US) return null;
  return { untilUs, over: wait.restartedUs !== null };
}

function showHeld(well: Us, held: HeldAfter, { effect }: Scene): string {
  const since = (atUs: Us): string => showMs(Math.round((atUs - effect.stampUs) / 1_000));
  return held.over
    ? `the device was well at ${since(well)}, the back-off held until ${since(held.untilUs)}`
    : `the device was well at ${since(well)}, the back-off still held at the end`;
}

function toldOf({ endedUs, finishedAt, restartedUs, backOff, sick }: Wait): JsonObject {
  return {
    endedUs,
    finishedAt,
    restartedUs,
    waitedMs: restartedUs === null ? null : (restartedUs - endedUs) / 1_000,
    backOff,
    deviceUnhealthy: sick,
  };
}
