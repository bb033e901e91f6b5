// Made by test/chaos-mesh.ts of Chaos Mesh's CRDs: not to be changed by hand.
import type { KubeObject } from "../../model/json.ts";
import type { Conditions, Experiment } from "./common.ts";

export interface GCPChaos {
  readonly apiVersion: "chaos-mesh.org/v1alpha1";
  readonly kind: "GCPChaos";
  readonly metadata: KubeObject["metadata"];
  readonly spec: {
    readonly action: "node-stop" | "node-reset" | "disk-loss";
    readonly deviceNames?: readonly string[];
    readonly duration?: string;
    readonly instance: string;
    readonly project: string;
    readonly remoteCluster?: string;
    readonly secretName?: string;
    readonly zone: string;
  };
  readonly status?: {
    readonly attachedDiskStrings?: readonly string[];
    readonly conditions?: readonly Conditions[];
    readonly experiment: Experiment;
  };
}
