import type { Event } from "../model/event.ts";
import type { PlannedStep } from "../model/plan.ts";
import type { Target } from "../model/target.ts";
import type { Inventory } from "./inventory.ts";
import { devicesOf } from "./resolver.ts";

/** Uids of every pod that a step's part has, Ready or not: none of them replaces another. */
export function podsNow(step: PlannedStep, inventory: Inventory): readonly string[] {
  return step.on.kind === "link" || step.on.kind === "cluster"
    ? []
    : (inventory.pods[step.on.part] ?? []).map(({ target }) => target.uid);
}

/**
 * What replaced the targets of an open step: Ready pods that were not there when it began, as many
 * as targets are gone without a successor. Pure; only pods and what they hold have replacements.
 */
export function replacements(
  step: PlannedStep,
  of: {
    readonly events: readonly Event[];
    readonly inventory: Inventory;
    /** Uids that were there when the step met its targets, and those that it met since. */
    readonly known: ReadonlySet<string>;
  },
): readonly Target[] {
  const { on } = step;
  if (on.kind !== "pod" && on.kind !== "gpu") return [];
  const meetings = of.events.flatMap((event) =>
    event.type === "fault" && event.id === step.id && event.edge === "inject-begin"
      ? [event.targets.flatMap(uidOf)]
      : [],
  );
  const pods = of.inventory.pods[on.part] ?? [];
  const there = new Set(pods.map(({ target }) => target.uid));
  const gone = meetings.flat().filter((uid) => !there.has(uid)).length;
  const succeeded = meetings.slice(1).flat().length;
  return pods
    .filter(({ ready, target }) => ready && !of.known.has(target.uid))
    .flatMap((pod): readonly Target[] =>
      on.kind === "pod" ? [pod.target] : devicesOf(pod).slice(0, 1),
    )
    .slice(0, Math.max(0, gone - succeeded));
}

/** The pods that a target is, or is held by. */
export function uidOf(target: Target): readonly string[] {
  if (target.kind === "pod") return [target.uid];
  return target.kind === "gpu" && target.holder ? [target.holder.uid] : [];
}
