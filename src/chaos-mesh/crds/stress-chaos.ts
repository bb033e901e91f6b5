// Made by test/chaos-mesh.ts of Chaos Mesh's CRDs: not to be changed by hand.
import type { KubeObject } from "../../model/json.ts";
import type { Conditions, Experiment, Selector } from "./common.ts";

export interface StressChaos {
  readonly apiVersion: "chaos-mesh.org/v1alpha1";
  readonly kind: "StressChaos";
  readonly metadata: KubeObject["metadata"];
  readonly spec: {
    readonly containerNames?: readonly string[];
    readonly duration?: string;
    readonly mode: "one" | "all" | "fixed" | "fixed-percent" | "random-max-percent";
    readonly remoteCluster?: string;
    readonly selector: Selector;
    readonly stressngStressors?: string;
    readonly stressors?: {
      readonly cpu?: {
        /** at least 0, at most 100 */
        readonly load?: number;
        readonly options?: readonly string[];
        /** at most 8192 */
        readonly workers: number;
      };
      readonly memory?: {
        /** at least -1000, at most 1000, default 0 */
        readonly oomScoreAdj?: number;
        readonly options?: readonly string[];
        readonly size?: string;
        /** at most 8192 */
        readonly workers: number;
      };
    };
    readonly value?: string;
  };
  readonly status?: {
    readonly conditions?: readonly Conditions[];
    readonly experiment: Experiment;
    readonly instances?: Readonly<
      Record<
        string,
        {
          readonly memoryStartTime?: string;
          readonly memoryUid?: string;
          readonly startTime?: string;
          readonly uid?: string;
        }
      >
    >;
  };
}
