// Made by test/chaos-mesh.ts of Chaos Mesh's CRDs: not to be changed by hand.
import type { KubeObject } from "../../model/json.ts";
import type { Selector, Status } from "./common.ts";

export interface DNSChaos {
  readonly apiVersion: "chaos-mesh.org/v1alpha1";
  readonly kind: "DNSChaos";
  readonly metadata: KubeObject["metadata"];
  readonly spec: {
    readonly action: "error" | "random";
    readonly containerNames?: readonly string[];
    readonly duration?: string;
    readonly mode: "one" | "all" | "fixed" | "fixed-percent" | "random-max-percent";
    readonly patterns?: readonly string[];
    readonly remoteCluster?: string;
    readonly selector: Selector;
    readonly value?: string;
  };
  readonly status?: Status;
}
