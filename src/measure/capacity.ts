import type { ClusterEvent, Event } from "../model/event.ts";
import { at, listAt, textAt } from "../model/json.ts";
import type { Plan } from "../model/plan.ts";
import type { Us } from "../model/quantity.ts";

/** One change of the number of missing pods; it happened in (notBeforeUs, atUs]. */
interface Deficit {
  readonly atUs: Us;
  readonly notBeforeUs: Us;
  /** Over all parts: pods wanted and not there. */
  readonly missing: number;
}

/** Effective-ready pods of the parts over time. */
export interface Capacity {
  /** First entry: at the effect. */
  readonly deficits: readonly Deficit[];
  /** Gaps of the watches of pods and nodes: what began and ended inside one was not seen. */
  readonly gaps: readonly { readonly fromUs: Us; readonly untilUs: Us }[];
  /** Parts of which nothing was seen. */
  readonly unseen: readonly string[];
}

type Change = ClusterEvent & { readonly atUs: Us };
interface Pod {
  readonly part: string;
  readonly node: string;
  readonly effective: boolean;
}

/** The parts whose pods are capacity: those that serve or hold GPUs, with a number of pods. */
export function countedParts(plan: Plan): Plan["stack"] {
  return plan.stack.filter(
    ({ service, gpusPerPod, selector }) =>
      selector !== null && (service !== null || gpusPerPod > 0),
  );
}

/**
 * A pod is effective-ready when it is ready, neither terminating nor gone, on a node that is not
 * known to be NotReady, and no device of it is Unhealthy. Wanted are the planned replicas, or,
 * where a part scales, what it had at the effect.
 *
 * @param events ordered
 * @param fromUs when the effect took hold
 */
export function capacityOf(
  plan: Plan,
  events: readonly Event[],
  { fromUs, untilUs }: { readonly fromUs: Us; readonly untilUs: Us },
): Capacity {
  const parts = countedParts(plan);
  const state = new State();
  const wanted = new Map<string, number>();
  const deficits: Deficit[] = [];
  const changes = events.filter(
    (event): event is Change => event.type === "cluster" && event.atUs < untilUs,
  );
  const start = (): void => {
    for (const { part, replicas } of parts) wanted.set(part, replicas ?? state.ready(part));
    deficits.push({ atUs: fromUs, notBeforeUs: fromUs, missing: state.missing(wanted) });
  };
  for (const change of changes) {
    if (change.atUs > fromUs && deficits.length === 0) start();
    if (!state.take(change) || deficits.length === 0) continue;
    const missing = state.missing(wanted);
    if (missing === deficits.at(-1)!.missing) continue;
    const notBeforeUs = Math.max(fromUs, Math.min(change.notBeforeUs, change.atUs));
    deficits.push({ atUs: change.atUs, notBeforeUs, missing });
  }
  if (deficits.length === 0) start();
  const gaps = changes.filter(isGap).map(({ notBeforeUs, atUs }) => ({
    fromUs: notBeforeUs,
    untilUs: atUs,
  }));
  const unseen = parts.map(({ part }) => part).filter((part) => !state.seen(part));
  return { deficits, gaps: gaps.filter((gap) => gap.untilUs > fromUs), unseen };
}

function isGap(change: Change): boolean {
  const watched = ["watch/pods", "watch/nodes"].includes(change.object);
  return watched && change.notBeforeUs < change.atUs;
}

class State {
  readonly #pods = new Map<string, Pod>();
  readonly #notReady = new Set<string>();

  /** Whether it was about a pod or a node. */
  take(change: Change): boolean {
    const { object, detail } = change;
    if (object.startsWith("node/")) {
      const node = object.slice("node/".length);
      if (at(detail, "ready") === false) this.#notReady.add(node);
      else this.#notReady.delete(node);
      return true;
    }
    if (!object.startsWith("pod/")) return false;
    this.#pods.set(`${object} ${textAt(detail, "uid")}`, podOf(detail));
    return true;
  }

  ready(part: string): number {
    let count = 0;
    for (const pod of this.#pods.values()) {
      if (pod.part === part && pod.effective && !this.#notReady.has(pod.node)) count += 1;
    }
    return count;
  }

  seen(part: string): boolean {
    return [...this.#pods.values()].some((pod) => pod.part === part);
  }

  missing(wanted: ReadonlyMap<string, number>): number {
    let sum = 0;
    for (const [part, count] of wanted) sum += Math.max(0, count - this.ready(part));
    return sum;
  }
}

function podOf(detail: ClusterEvent["detail"]): Pod {
  const healthy = listAt(detail, "devices").every((one) => textAt(one, "health") !== "Unhealthy");
  const effective =
    at(detail, "ready") === true &&
    at(detail, "terminating") === false &&
    at(detail, "gone") === false &&
    healthy;
  return { part: textAt(detail, "part"), node: textAt(detail, "node"), effective };
}
