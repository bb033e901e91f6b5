// Made by test/chaos-mesh.ts of Chaos Mesh's CRDs: not to be changed by hand.
import type { KubeObject } from "../../model/json.ts";
import type { Selector, Status } from "./common.ts";

export interface PodChaos {
  readonly apiVersion: "chaos-mesh.org/v1alpha1";
  readonly kind: "PodChaos";
  readonly metadata: KubeObject["metadata"];
  readonly spec: {
    readonly action: "pod-kill" | "pod-failure" | "container-kill";
    readonly containerNames?: readonly string[];
    readonly duration?: string;
    /** at least 0 */
    readonly gracePeriod?: number;
    readonly mode: "one" | "all" | "fixed" | "fixed-percent" | "random-max-percent";
    readonly remoteCluster?: string;
    readonly selector: Selector;
    readonly value?: string;
  };
  readonly status?: Status;
}
