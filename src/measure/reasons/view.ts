import type { ClusterEvent, Event } from "../../model/event.ts";
import { at, listAt, numberAt, textAt } from "../../model/json.ts";
import type { Plan } from "../../model/plan.ts";
import type { Us } from "../../model/quantity.ts";
import type { Sample } from "../../model/request.ts";
import type { Traffic } from "../traffic.ts";

/** A lane that was down, and from when to when; `back` false: to the end of the episode. */
export interface DownLane {
  readonly lane: "service" | "capacity";
  /** Of service. */
  readonly traffic: Traffic | null;
  readonly fromUs: Us;
  readonly untilUs: Us;
  readonly back: boolean;
}

/** What reasons are looked for in. */
export interface Scene {
  readonly plan: Plan;
  /** Version of Kubernetes; "" where nobody knows. */
  readonly kubernetes: string;
  /** Ordered. */
  readonly events: readonly Event[];
  readonly samples: readonly Sample[];
  /** When the first effect was there, and the last instant at which it was not. */
  readonly effect: { readonly stampUs: Us; readonly lowUs: Us };
  readonly untilUs: Us;
}

/** What one pod was after a change. */
export interface PodState {
  readonly atUs: Us;
  readonly node: string;
  readonly ready: boolean;
  /** Terminating or gone. */
  readonly leaving: boolean;
  readonly restarts: number;
  readonly reason: string;
  readonly finishedAt: string;
  /** One of its devices is Unhealthy. */
  readonly sick: boolean;
}

/** One pod from its first state to its last, up to the end of the episode. */
export interface PodHistory {
  readonly name: string;
  readonly part: string;
  readonly states: readonly PodState[];
}

type Change = ClusterEvent & { readonly atUs: Us };

function changesOf({ events, untilUs }: Scene, prefix: string): readonly Change[] {
  return events.filter(
    (event): event is Change =>
      event.type === "cluster" && event.atUs < untilUs && event.object.startsWith(prefix),
  );
}

/** By name and uid: a new pod under an old name is another. */
export function podHistories(scene: Scene): readonly PodHistory[] {
  const found = new Map<string, { name: string; part: string; states: PodState[] }>();
  for (const { object, detail, atUs } of changesOf(scene, "pod/")) {
    const key = `${object} ${textAt(detail, "uid")}`;
    const name = object.slice(object.lastIndexOf("/") + 1);
    const pod = found.get(key) ?? { name, part: textAt(detail, "part"), states: [] };
    pod.states.push(podState(atUs, detail));
    found.set(key, pod);
  }
  return [...found.values()];
}

function podState(atUs: Us, detail: ClusterEvent["detail"]): PodState {
  return {
    atUs,
    node: textAt(detail, "node"),
    ready: at(detail, "ready") === true,
    leaving: at(detail, "terminating") === true || at(detail, "gone") === true,
    restarts: numberAt(detail, "restarts") ?? 0,
    reason: textAt(detail, "reason"),
    finishedAt: textAt(detail, "finishedAt"),
    sick: listAt(detail, "devices").some((one) => textAt(one, "health") === "Unhealthy"),
  };
}

/** The state at an instant; undefined: nothing was known of it then. */
export function stateAt(pod: PodHistory, atUs: Us): PodState | undefined {
  return pod.states.findLast((state) => state.atUs <= atUs);
}

/** The states after an instant, in order. */
export function statesAfter(pod: PodHistory, atUs: Us): readonly PodState[] {
  return pod.states.filter((state) => state.atUs > atUs);
}

/** One pod that got traffic at the effect and then did not, to the end of the episode. */
export interface Removal {
  readonly pod: string;
  readonly atUs: Us;
}

/** Of the endpoints of the part that load is offered to; null: they were not watched. */
export function endpointRemovals(scene: Scene): readonly Removal[] | null {
  const { plan, effect } = scene;
  const service = plan.stack.find(({ part }) => part === plan.load.to)?.service?.name;
  const changes = changesOf(scene, "endpoints/").filter(
    ({ object }) => object.slice(object.lastIndexOf("/") + 1) === service,
  );
  // Two services of one name in two namespaces: nobody knows which is meant.
  if (new Set(changes.map(({ object }) => object)).size !== 1) return null;
  const lists = changes.map(({ atUs, detail }) => ({ atUs, ready: listAt(detail, "ready") }));
  const before = lists.findLast(({ atUs }) => atUs <= effect.lowUs);
  if (!before) return null;
  const after = lists.filter(({ atUs }) => atUs > effect.lowUs);
  const last = after.at(-1);
  if (!last) return [];
  return before.ready.flatMap((pod) => {
    if (typeof pod !== "string" || last.ready.includes(pod)) return [];
    const still = after.findLastIndex(({ ready }) => ready.includes(pod));
    const gone = after[still + 1];
    return gone ? [{ pod, atUs: gone.atUs }] : [];
  });
}

/** How the state of one node changed. */
export interface NodeChange {
  readonly node: string;
  readonly atUs: Us;
  readonly ready: boolean;
  /** Its kubelet went silent, and the control plane gave it up. */
  readonly silent: boolean;
}

export function nodeChanges(scene: Scene): readonly NodeChange[] {
  return changesOf(scene, "node/").map(({ object, change, detail, atUs }) => ({
    node: object.slice("node/".length),
    atUs,
    ready: at(detail, "ready") === true,
    silent: change === "unknown",
  }));
}

/** Whether a watch may have missed something in [fromUs, untilUs). */
export function hasGap(scene: Scene, fromUs: Us, untilUs: Us): boolean {
  return changesOf(scene, "watch/").some(
    ({ change, atUs, notBeforeUs }) => change === "gap" && atUs > fromUs && notBeforeUs < untilUs,
  );
}
