// Made by test/chaos-mesh.ts of Chaos Mesh's CRDs: not to be changed by hand.
import type { KubeObject } from "../../model/json.ts";
import type { Conditions } from "./common.ts";

export interface RemoteCluster {
  readonly apiVersion: "chaos-mesh.org/v1alpha1";
  readonly kind: "RemoteCluster";
  readonly metadata: KubeObject["metadata"];
  readonly spec: {
    readonly configOverride?: Readonly<Record<string, unknown>>;
    readonly kubeConfig: {
      readonly secretRef: {
        readonly key: string;
        readonly name: string;
        readonly namespace: string;
      };
    };
    readonly namespace: string;
    readonly version: string;
  };
  readonly status?: {
    readonly conditions?: readonly Conditions[];
    readonly currentVersion: string;
    readonly observedGeneration?: number;
  };
}
