import type { ClusterEvent, Event } from "../model/event.ts";
import { at, numberAt, textAt } from "../model/json.ts";
import type { Plan } from "../model/plan.ts";
import type { Us } from "../model/quantity.ts";
import { countedParts } from "./capacity.ts";
import type { Instant } from "./change-point.ts";

/** A name and when it was. */
export type Mark = readonly [string, Instant];

interface State {
  readonly when: Instant;
  readonly node: string;
  readonly ready: boolean;
  readonly leaving: boolean;
  readonly restarts: number;
  readonly finishedAt: string;
  readonly reason: string;
}

interface Pod {
  readonly part: string;
  readonly states: State[];
}

/**
 * What became of the pod that was back last, or of one that is still missing: `evicted`, `created`,
 * `scheduled`, `started` of the pod that took a place, `ended:<n>` and `restarted:<n>` of one that
 * kept it. What was not seen has no mark.
 *
 * @param events ordered
 * @param backUs when capacity was back; null: it was not
 */
export function milestonesOf(
  plan: Plan,
  events: readonly Event[],
  of: { readonly fromUs: Us; readonly untilUs: Us; readonly backUs: Us | null },
): readonly Mark[] {
  const pods = podsOf(plan, events, of);
  const last = of.backUs === null ? missingPod(pods, of.fromUs) : backPod(pods, of.backUs);
  if (!last) return leavingOf(pods, of.fromUs, null);
  if (isOld(last, of.fromUs))
    return [...leavingOf([last], of.fromUs, null), ...restartsOf(last, of)];
  const [created] = last.states;
  const before = pods.filter((pod) => pod.part === last.part && isOld(pod, of.fromUs));
  return [...leavingOf(before, of.fromUs, created!.when.atUs), ...startOf(last)];
}

function podsOf(
  plan: Plan,
  events: readonly Event[],
  { fromUs, untilUs }: { readonly fromUs: Us; readonly untilUs: Us },
): readonly Pod[] {
  const parts = new Set(countedParts(plan).map(({ part }) => part));
  const found = new Map<string, Pod>();
  for (const event of events) {
    if (event.type !== "cluster" || event.atUs >= untilUs) continue;
    const part = textAt(event.detail, "part");
    if (!event.object.startsWith("pod/") || !parts.has(part)) continue;
    const key = `${event.object} ${textAt(event.detail, "uid")}`;
    const pod = found.get(key) ?? { part, states: [] };
    pod.states.push(stateOf(event, fromUs));
    found.set(key, pod);
  }
  return [...found.values()];
}

function stateOf(
  { atUs, notBeforeUs, detail }: ClusterEvent & { readonly atUs: Us },
  fromUs: Us,
): State {
  // What was seen after the effect did not happen before it.
  const lowUs = atUs > fromUs ? Math.max(fromUs, Math.min(notBeforeUs, atUs)) : atUs;
  return {
    when: { atUs, lowUs, highUs: atUs },
    node: textAt(detail, "node"),
    ready: at(detail, "ready") === true,
    leaving: at(detail, "terminating") === true || at(detail, "gone") === true,
    restarts: numberAt(detail, "restarts") ?? 0,
    finishedAt: textAt(detail, "finishedAt"),
    reason: textAt(detail, "reason"),
  };
}

const isOld = ({ states }: Pod, fromUs: Us): boolean => states[0]!.when.atUs <= fromUs;

function backPod(pods: readonly Pod[], backUs: Us): Pod | undefined {
  return pods.find(({ states }) =>
    states.some(({ when, ready, leaving }) => when.atUs === backUs && ready && !leaving),
  );
}

/** One that is coming; else one that was there and is not well. */
function missingPod(pods: readonly Pod[], fromUs: Us): Pod | undefined {
  const down = pods.filter(({ states }) => !states.at(-1)!.ready);
  const coming = down.findLast((pod) => !isOld(pod, fromUs) && !pod.states.at(-1)!.leaving);
  return coming ?? down.find((pod) => isOld(pod, fromUs));
}

/** The last of them that was told to end, at the latest when the one that follows was made. */
function leavingOf(pods: readonly Pod[], fromUs: Us, byUs: Us | null): readonly Mark[] {
  const whens = pods
    .flatMap(({ states }) => states.find(({ leaving }) => leaving) ?? [])
    .map(({ when }) => when)
    .filter(({ atUs }) => atUs > fromUs && atUs <= (byUs ?? Infinity));
  const last = whens.sort((a, b) => a.atUs - b.atUs).at(-1);
  return last ? [["evicted", last]] : [];
}

function startOf({ states }: Pod): readonly Mark[] {
  const marks: Mark[] = [["created", states[0]!.when]];
  const scheduled = states.find(({ node }) => node !== "");
  if (scheduled) marks.push(["scheduled", scheduled.when]);
  // Its containers waited, and then they did not.
  const waited = states.findIndex(({ reason }) => reason === "ContainerCreating");
  const started = waited < 0 ? undefined : states.slice(waited).find(({ reason }) => reason === "");
  if (started) marks.push(["started", started.when]);
  return marks;
}

function restartsOf({ states }: Pod, { fromUs }: { readonly fromUs: Us }): readonly Mark[] {
  const before = states.findLast(({ when }) => when.atUs <= fromUs);
  let [restarts, finishedAt] = [before?.restarts ?? 0, before?.finishedAt ?? ""];
  const marks: Mark[] = [];
  let [ends, starts] = [0, 0];
  for (const state of states) {
    if (state.when.atUs <= fromUs) continue;
    // An end that is told together with the restart after it is dated by that.
    if (state.finishedAt > finishedAt) marks.push([`ended:${(ends += 1)}`, state.when]);
    if (state.restarts > restarts) {
      starts += 1;
      ends = Math.max(ends, starts);
      marks.push([`restarted:${starts}`, state.when]);
    }
    restarts = Math.max(restarts, state.restarts);
    finishedAt = state.finishedAt > finishedAt ? state.finishedAt : finishedAt;
  }
  return marks;
}
