import type { Effect } from "../../model/effect.ts";
import { listAt, numberAt, textAt, type KubeObject } from "../../model/json.ts";
import type { Plan, PlannedPart } from "../../model/plan.ts";
import type { Ms } from "../../model/quantity.ts";
import { stampMs } from "../../model/timestamp.ts";
import { countedParts } from "../capacity.ts";

/** A pod as the API server told it before the inject, and the part that it is of. */
export interface LivePod {
  readonly part: string;
  readonly object: KubeObject;
}

/** What a step is about to meet: pods of one part, all of one kind. */
export interface Victim {
  readonly part: PlannedPart;
  /** One of them stands for all. */
  readonly pod: KubeObject;
  readonly count: number;
  /** All pods of its part. */
  readonly siblings: readonly KubeObject[];
}

/** Pods of several parts wait for different things: then only those that clients ask are told. */
export function victimOf(
  plan: Plan,
  effects: readonly Effect[],
  pods: readonly LivePod[],
): Victim | null {
  const counted = new Set(countedParts(plan).map(({ part }) => part));
  const met = pods.filter(
    ({ part, object }) => counted.has(part) && effects.some((effect) => meets(effect, object)),
  );
  const parts = [...new Set(met.map(({ part }) => part))];
  const name = parts.length === 1 ? parts[0] : parts.find((one) => one === plan.load.to);
  const part = plan.stack.find((one) => one.part === name);
  const mine = met.filter((one) => one.part === name);
  const [first] = mine;
  if (!part || !first) return null;
  const siblings = pods.filter((one) => one.part === name).map(({ object }) => object);
  return { part, pod: first.object, count: mine.length, siblings };
}

const NODE_EFFECTS: readonly Effect["kind"][] = ["power", "program-stop", "drain"];

/** No packet of it comes or goes: to all others as if it had no power. */
export const cutsOff = (effect: Effect): boolean =>
  effect.kind === "node-net" && effect.lossRatio === 1 && !effect.sparesControlPath;

function meets(effect: Effect, pod: KubeObject): boolean {
  const uid = textAt(pod, "metadata", "uid");
  if (effect.kind === "gpu-state") return effect.gpu.holder?.uid === uid;
  if ("node" in effect && (NODE_EFFECTS.includes(effect.kind) || cutsOff(effect))) {
    return textAt(pod, "spec", "nodeName") === effect.node;
  }
  return "pod" in effect && effect.pod.uid === uid;
}

const UNREACHABLE = "node.kubernetes.io/unreachable";

/** Seconds that a pod stays on a node that is given up; null: for good. Admission fills it in. */
export function tolerationOf(pod: KubeObject): number | null {
  const own = listAt(pod, "spec", "tolerations").filter(
    (one) =>
      ["", UNREACHABLE].includes(textAt(one, "key")) &&
      ["", "NoExecute"].includes(textAt(one, "effect")),
  );
  if (own.length === 0) return 0;
  const seconds = own.flatMap((one) => numberAt(one, "tolerationSeconds") ?? []);
  // The shortest counts; where none has a limit it is never evicted.
  return seconds.length === 0 ? null : Math.min(...seconds);
}

/** Its only container, or the one that holds the GPU; null: nobody knows which is meant. */
export function containerOf(pod: KubeObject): unknown {
  const all = listAt(pod, "spec", "containers");
  const holds = all.filter((one) => numberAt(one, "resources", "limits", "nvidia.com/gpu") ?? 0);
  const some = holds.length > 0 ? holds : all;
  return some.length === 1 ? some[0] : null;
}

/** The slowest start of a part's pods in this run; null: none is known. */
export interface StartUp {
  readonly startedMs: Ms;
  readonly readyMs: Ms;
}

/** From their own times, which are whole seconds: each may be off by one. */
export function startUpOf(pods: readonly KubeObject[]): StartUp | null {
  const known = pods.flatMap((pod) => {
    const scheduled = conditionMs(pod, "PodScheduled");
    const ready = conditionMs(pod, "Ready");
    const statuses = listAt(pod, "status", "containerStatuses");
    const begun = statuses.map((one) => timeMs(textAt(one, "state", "running", "startedAt")));
    const restarted = statuses.some((one) => (numberAt(one, "restartCount") ?? 0) > 0);
    const started = Math.max(...begun);
    if (restarted || ![scheduled, started, ready].every(Number.isFinite)) return [];
    return [{ startedMs: started - scheduled, readyMs: ready - started }];
  });
  if (known.length === 0) return null;
  const slowest = (of: keyof StartUp): Ms => Math.max(0, ...known.map((one) => one[of])) + 1_000;
  return { startedMs: slowest("startedMs"), readyMs: slowest("readyMs") };
}

const timeMs = (stamp: string): number => stampMs(stamp) ?? NaN;

function conditionMs(pod: KubeObject, type: string): number {
  const found = listAt(pod, "status", "conditions").find(
    (one) => textAt(one, "type") === type && textAt(one, "status") === "True",
  );
  return timeMs(textAt(found, "lastTransitionTime"));
}

/** Shortest time between two moves of what moves a part's pods off their devices; null: nobody. */
export function moverOf(
  plan: Plan,
  { part, count }: Victim,
): { readonly object: string; readonly gapMs: Ms } | null {
  for (const { objects } of plan.stack) {
    for (const object of objects) {
      for (const container of listAt(object, "spec", "template", "spec", "containers")) {
        const set = new Map(
          listAt(container, "env").map((one) => [textAt(one, "name"), textAt(one, "value")]),
        );
        const gapMs = numberAt(set.get("GAP_MS"));
        const atMost = numberAt(set.get("AT_MOST"));
        if (set.get("SELECTOR") !== part.selector || gapMs === undefined) continue;
        // Those beyond it wait for the replacements of the first.
        if (atMost === undefined || count > atMost) continue;
        return { object: `${object.kind}/${object.metadata.name}`, gapMs };
      }
    }
  }
  return null;
}
