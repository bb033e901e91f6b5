// Made by test/chaos-mesh.ts of Chaos Mesh's CRDs: not to be changed by hand.
import type { KubeObject } from "../../model/json.ts";

export interface PhysicalMachine {
  readonly apiVersion: "chaos-mesh.org/v1alpha1";
  readonly kind: "PhysicalMachine";
  readonly metadata: KubeObject["metadata"];
  readonly spec: {
    readonly address: string;
  };
}
