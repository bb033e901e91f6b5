// Made by test/chaos-mesh.ts of Chaos Mesh's CRDs: not to be changed by hand.
import type { KubeObject } from "../../model/json.ts";
import type { Selector, Status } from "./common.ts";

export interface TimeChaos {
  readonly apiVersion: "chaos-mesh.org/v1alpha1";
  readonly kind: "TimeChaos";
  readonly metadata: KubeObject["metadata"];
  readonly spec: {
    readonly clockIds?: readonly string[];
    readonly containerNames?: readonly string[];
    readonly duration?: string;
    readonly mode: "one" | "all" | "fixed" | "fixed-percent" | "random-max-percent";
    readonly remoteCluster?: string;
    readonly selector: Selector;
    readonly timeOffset: string;
    readonly value?: string;
  };
  readonly status?: Status;
}
