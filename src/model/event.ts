import type { Damage } from "./damage.ts";
import type { Held } from "./effect.ts";
import type { Evidence } from "./evidence.ts";
import type { JsonObject } from "./json.ts";
import type { Segment } from "./measurement.ts";
import type { StepId } from "./plan.ts";
import type { Us } from "./quantity.ts";
import type { Target } from "./target.ts";

export type Phase =
  | "preflight"
  | "deploy"
  | "warmup"
  | "steady"
  | "faults"
  | "observe"
  | "teardown"
  | "end";

/** In the order that a run goes through them. */
export const PHASES: readonly Phase[] = [
  "preflight",
  "deploy",
  "warmup",
  "steady",
  "faults",
  "observe",
  "teardown",
  "end",
];

/** Stamps of other processes may lie this far outside the asking and the answer. */
export const STAMP_SLACK_US = 1_000_000;

export type Event = { readonly atUs: Us } & EventBody;

export type EventBody =
  | { readonly type: "phase"; readonly phase: Phase }
  | FaultEvent
  /** Of what follows the inject of step `id`, which is not there yet; left out: of any. */
  | { readonly type: "prediction"; readonly id?: StepId; readonly segments: readonly Segment[] }
  /** Damage that the experiment accepts, told before the step that does it. */
  | ({ readonly type: "damage" } & Damage)
  | ClusterEvent
  | { readonly type: "error"; readonly code: string; readonly message: string };

export type FaultEvent = { readonly type: "fault"; readonly id: StepId } & (
  | {
      readonly edge: "inject-begin";
      readonly targets: readonly Target[];
      readonly effects: readonly Held[];
      readonly lateUs: Us;
    }
  /** `stampUs`: the holder's own monotonic stamp of the effect, on the run's clock. */
  | { readonly edge: "inject-end"; readonly stampUs: Us }
  | { readonly edge: "heal-begin" | "heal-end" | "lapsed" }
  /** `lookedUs`: when the look that decided began; a proof dates no effect. */
  | {
      readonly edge: "proved" | "unproved" | "heal-proved" | "heal-unproved";
      readonly evidence: Evidence;
      readonly lookedUs: Us;
    }
  | { readonly edge: "inject-failed" | "heal-failed"; readonly message: string }
);

/**
 * Something changed in (notBeforeUs, atUs]. `object` is `pod/<namespace>/<name>`, `node/<name>`,
 * `endpoints/<namespace>/<service>` or `watch/<what>`; `change` is a short verb for people.
 * `detail` is the whole state after the change: PodDetail, NodeDetail, EndpointsDetail.
 */
export interface ClusterEvent {
  readonly type: "cluster";
  readonly object: string;
  readonly change: string;
  readonly notBeforeUs: Us;
  readonly detail: JsonObject;
}

/** `detail` of `pod/…`; `gone` pods have been deleted. */
export type PodDetail = {
  readonly part: string;
  readonly uid: string;
  readonly node: string;
  readonly ready: boolean;
  readonly terminating: boolean;
  readonly gone: boolean;
  readonly restarts: number;
  /** Reason of the last end or of the present wait: `Error`, `CrashLoopBackOff`, "". */
  readonly reason: string;
  readonly devices: readonly { readonly id: string; readonly health: string }[];
  /**
   * When the last container to end did so, by its node's clock and in its words: tells one end from
   * the next, while the event dates it. Absent: none has ended.
   */
  readonly finishedAt?: string;
};

/** `detail` of `node/…`. */
export type NodeDetail = {
  readonly ready: boolean;
  readonly gpusAllocatable: number;
  readonly gpusCapacity: number;
};

/** `detail` of `endpoints/…`: names of the pods that get traffic. */
export type EndpointsDetail = { readonly ready: readonly string[] };
