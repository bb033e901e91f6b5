// Made by test/chaos-mesh.ts of Chaos Mesh's CRDs: not to be changed by hand.
import type { KubeObject } from "../../model/json.ts";
import type { Selector, Status } from "./common.ts";

export interface KernelChaos {
  readonly apiVersion: "chaos-mesh.org/v1alpha1";
  readonly kind: "KernelChaos";
  readonly metadata: KubeObject["metadata"];
  readonly spec: {
    readonly containerNames?: readonly string[];
    readonly duration?: string;
    readonly failKernRequest: {
      readonly callchain?: readonly {
        readonly funcname?: string;
        readonly parameters?: string;
        readonly predicate?: string;
      }[];
      /** at least 0, at most 2 */
      readonly failtype: number;
      readonly headers?: readonly string[];
      /** at least 0, at most 100 */
      readonly probability?: number;
      /** at least 0 */
      readonly times?: number;
    };
    readonly mode: "one" | "all" | "fixed" | "fixed-percent" | "random-max-percent";
    readonly remoteCluster?: string;
    readonly selector: Selector;
    readonly value?: string;
  };
  readonly status?: Status;
}
