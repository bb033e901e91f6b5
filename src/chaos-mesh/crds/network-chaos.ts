// Made by test/chaos-mesh.ts of Chaos Mesh's CRDs: not to be changed by hand.
import type { KubeObject } from "../../model/json.ts";
import type {
  Bandwidth,
  Corrupt,
  Delay,
  Duplicate,
  Loss,
  Rate,
  Selector,
  Status2,
} from "./common.ts";

export interface NetworkChaos {
  readonly apiVersion: "chaos-mesh.org/v1alpha1";
  readonly kind: "NetworkChaos";
  readonly metadata: KubeObject["metadata"];
  readonly spec: {
    readonly action:
      | "netem"
      | "delay"
      | "loss"
      | "duplicate"
      | "corrupt"
      | "partition"
      | "bandwidth";
    readonly bandwidth?: Bandwidth;
    readonly corrupt?: Corrupt;
    readonly delay?: Delay;
    readonly device?: string;
    /** default "to" */
    readonly direction?: "to" | "from" | "both";
    readonly duplicate?: Duplicate;
    readonly duration?: string;
    readonly externalTargets?: readonly string[];
    readonly loss?: Loss;
    readonly mode: "one" | "all" | "fixed" | "fixed-percent" | "random-max-percent";
    readonly rate?: Rate;
    readonly remoteCluster?: string;
    readonly selector: Selector;
    readonly target?: {
      readonly mode: "one" | "all" | "fixed" | "fixed-percent" | "random-max-percent";
      readonly selector: Selector;
      readonly value?: string;
    };
    readonly targetDevice?: string;
    readonly value?: string;
  };
  readonly status?: Status2;
}
