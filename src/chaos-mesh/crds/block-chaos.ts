// Made by test/chaos-mesh.ts of Chaos Mesh's CRDs: not to be changed by hand.
import type { KubeObject } from "../../model/json.ts";
import type { Conditions, Experiment, Selector } from "./common.ts";

export interface BlockChaos {
  readonly apiVersion: "chaos-mesh.org/v1alpha1";
  readonly kind: "BlockChaos";
  readonly metadata: KubeObject["metadata"];
  readonly spec: {
    readonly action: "delay";
    readonly containerNames?: readonly string[];
    readonly delay?: {
      readonly correlation?: string;
      readonly jitter?: string;
      readonly latency?: string;
    };
    readonly duration?: string;
    readonly mode: "one" | "all" | "fixed" | "fixed-percent" | "random-max-percent";
    readonly remoteCluster?: string;
    readonly selector: Selector;
    readonly value?: string;
    readonly volumeName: string;
  };
  readonly status?: {
    readonly conditions?: readonly Conditions[];
    readonly experiment: Experiment;
    readonly ids?: Readonly<Record<string, number>>;
  };
}
