// The Chaos Mesh objects that ninety writes. The CRDs accept much that does nothing, or something
// else than it says; these types accept only what does what it says.
import type { KubeObject } from "../model/json.ts";
import type { NetworkChaos as AnyNetworkChaos } from "./crds/network-chaos.ts";
import type { PodChaos as AnyPodChaos } from "./crds/pod-chaos.ts";
import type { StressChaos as AnyStressChaos } from "./crds/stress-chaos.ts";

/** `N`, and a compile error where the CRD would not accept it. */
type Narrowed<Any, N extends Any> = N;

export type NonEmpty<T> = readonly [T, ...T[]];
/** As Go reads and netem's pattern allows it: `60s`, `0.5ms`. */
export type GoDuration = `${number}${"ms" | "s"}`;
/** 0 to 100, as text. */
export type Percent = `${number}`;

/**
 * Pods by name, all of them: Chaos Mesh's own draw has no seed, clamps and may choose nobody. Every
 * other selector would be ignored beside `pods`.
 */
export interface Victims {
  readonly selector: { readonly pods: Readonly<Record<string, NonEmpty<string>>> };
  readonly mode: "all";
}

/** Without it the fault stays until the object is deleted. */
interface Held {
  readonly duration: GoDuration;
}
/** A duration would say that something is taken back, and nothing is. */
interface Once {
  readonly duration?: never;
}

/** Left out, only the first container would be met. */
interface Containers {
  readonly containerNames: NonEmpty<string>;
}

export type PodChaosSpec = Narrowed<
  AnyPodChaos["spec"],
  Victims &
    (
      | (Once & {
          readonly action: "pod-kill";
          /** Whole seconds; left out it would be 0, by force. */
          readonly gracePeriod: number;
          readonly containerNames?: never;
        })
      | (Once & Containers & { readonly action: "container-kill"; readonly gracePeriod?: never })
      | (Held & {
          readonly action: "pod-failure";
          readonly gracePeriod?: never;
          readonly containerNames?: never;
        })
    )
>;

/** What a link may do to packets; every block that is there is done, whatever the action says. */
interface Blocks {
  readonly delay: {
    readonly latency: GoDuration;
    readonly jitter?: GoDuration;
    readonly correlation?: Percent;
    readonly reorder?: {
      readonly reorder: Percent;
      readonly gap: number;
      readonly correlation?: Percent;
    };
  };
  readonly loss: { readonly loss: Percent; readonly correlation?: Percent };
  readonly duplicate: { readonly duplicate: Percent; readonly correlation?: Percent };
  readonly corrupt: { readonly corrupt: Percent; readonly correlation?: Percent };
  readonly bandwidth: {
    /** `bps` is bytes a second. */
    readonly rate: `${number}${"bit" | "kbit" | "mbit" | "gbit" | "bps" | "kbps" | "mbps" | "gbps"}`;
    /** Bytes, at least 1. */
    readonly limit: number;
    /** Bytes, at least 1. */
    readonly buffer: number;
  };
}
/** The action's own block and no other. */
type Action<A extends string, Own extends keyof Blocks> = { readonly action: A } & {
  readonly [B in Own]: Blocks[B];
} & { readonly [B in Exclude<keyof Blocks, Own>]?: never };
type Alone = keyof Blocks;
type Netem = Exclude<Alone, "bandwidth">;
/** Several at once, and at least one. */
type Several = { readonly action: "netem"; readonly bandwidth?: never } & {
  [First in Netem]: { readonly [B in First]: Blocks[B] } & {
    readonly [B in Exclude<Netem, First>]?: Blocks[B];
  };
}[Netem];

/**
 * Which packets: a direction other than `to` needs to know of whom. Without a target all traffic of
 * the victims is met, kubelet probes included; a target is met by pod address, not through a
 * Service.
 */
type Reach =
  | {
      readonly direction: "to";
      readonly target?: Victims;
      readonly externalTargets?: NonEmpty<string>;
    }
  | {
      readonly direction: "from" | "both";
      readonly target: Victims;
      readonly externalTargets?: never;
    };

export type NetworkChaosSpec = Narrowed<
  AnyNetworkChaos["spec"],
  Victims &
    Held &
    Reach &
    ({ [B in Alone]: Action<B, B> }[Alone] | Action<"partition", never> | Several)
>;

interface Cpu {
  readonly workers: number;
  /** Percent of each worker, 0 to 100. */
  readonly load: number;
}
interface Memory {
  readonly workers: number;
  /** Of each worker. */
  readonly size: `${number}B`;
}

export type StressChaosSpec = Narrowed<
  AnyStressChaos["spec"],
  Victims &
    Held &
    Containers & {
      readonly stressors:
        | { readonly cpu: Cpu; readonly memory?: Memory }
        | { readonly cpu?: never; readonly memory: Memory };
      /** Read only to leave the other stressors out: nothing would be stressed. */
      readonly stressngStressors?: never;
    }
>;

interface Chaos<Kind extends string, Spec> {
  readonly apiVersion: "chaos-mesh.org/v1alpha1";
  readonly kind: Kind;
  readonly metadata: KubeObject["metadata"] & { readonly namespace: string };
  readonly spec: Spec;
}
export type PodChaos = Narrowed<AnyPodChaos, Chaos<"PodChaos", PodChaosSpec>>;
export type NetworkChaos = Narrowed<AnyNetworkChaos, Chaos<"NetworkChaos", NetworkChaosSpec>>;
export type StressChaos = Narrowed<AnyStressChaos, Chaos<"StressChaos", StressChaosSpec>>;
export type ChaosObject = PodChaos | NetworkChaos | StressChaos;
