import type { Target } from "./target.ts";
import type { DeviceState } from "./device.ts";
import type { Ms } from "./quantity.ts";

/** One change of the system, as data: to release it nothing else is needed. */
export type Effect =
  /** Node agent: the device state that plugin, server and metrics read on that node. */
  | {
      readonly kind: "gpu-state";
      readonly gpu: Target<"gpu">;
      readonly state: Exclude<DeviceState, "ok">;
      /** The device plugin and the metrics tell. */
      readonly signal: boolean;
      /** The process that holds the device feels it. */
      readonly symptom: boolean;
    }
  /** Node agent: SIGKILL to a container's first process. Happens once. "": the pod's only one. */
  | { readonly kind: "container-kill"; readonly pod: Target<"pod">; readonly container: string }
  /** Guard: deletes a pod. Happens once; there is nothing to release. */
  | { readonly kind: "delete"; readonly pod: Target<"pod">; readonly graceMs: Ms }
  /** Guard, local cluster: link first, then kill; release is a fresh boot. */
  | { readonly kind: "power"; readonly node: string }
  /** Guard, local cluster: the node's cable is out. */
  | { readonly kind: "link"; readonly node: string };

export type EffectKind = Effect["kind"];

/** An effect under an id that is unique in the run: `f01.0`. */
export interface Held {
  readonly id: string;
  readonly effect: Effect;
}

/** How long an effect may live without us. */
export interface Lease {
  /** The holder ends the effect when it was not renewed for this long. */
  readonly leaseMs: Ms;
  /** The holder ends the effect this long after its start, renewed or not. */
  readonly deadlineMs: Ms;
}

/** Which effects end by themselves, without a lease. */
export function happensOnce(effect: Effect): boolean {
  return effect.kind === "delete" || effect.kind === "container-kill";
}
