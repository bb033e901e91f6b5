// Made by test/chaos-mesh.ts of Chaos Mesh's CRDs: not to be changed by hand.
import type { KubeObject } from "../../model/json.ts";
import type { Status } from "./common.ts";

export interface AWSChaos {
  readonly apiVersion: "chaos-mesh.org/v1alpha1";
  readonly kind: "AWSChaos";
  readonly metadata: KubeObject["metadata"];
  readonly spec: {
    readonly action: "ec2-stop" | "ec2-restart" | "detach-volume";
    readonly awsRegion: string;
    readonly deviceName?: string;
    readonly duration?: string;
    readonly ec2Instance: string;
    readonly endpoint?: string;
    readonly remoteCluster?: string;
    readonly secretName?: string;
    readonly volumeID?: string;
  };
  readonly status?: Status;
}
