// Made by test/chaos-mesh.ts of Chaos Mesh's CRDs: not to be changed by hand.
import type { KubeObject } from "../../model/json.ts";
import type { Status } from "./common.ts";

export interface AzureChaos {
  readonly apiVersion: "chaos-mesh.org/v1alpha1";
  readonly kind: "AzureChaos";
  readonly metadata: KubeObject["metadata"];
  readonly spec: {
    readonly action: "vm-stop" | "vm-restart" | "disk-detach";
    readonly diskName?: string;
    readonly duration?: string;
    readonly lun?: number;
    readonly remoteCluster?: string;
    readonly resourceGroupName: string;
    readonly secretName?: string;
    readonly subscriptionID: string;
    readonly vmName: string;
  };
  readonly status?: Status;
}
