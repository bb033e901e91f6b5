// Made by test/chaos-mesh.ts of Chaos Mesh's CRDs: not to be changed by hand.
import type { KubeObject } from "../../model/json.ts";
import type { Bandwidth, Corrupt, Delay, Duplicate, Loss, Rate } from "./common.ts";

export interface PodNetworkChaos {
  readonly apiVersion: "chaos-mesh.org/v1alpha1";
  readonly kind: "PodNetworkChaos";
  readonly metadata: KubeObject["metadata"];
  readonly spec: {
    readonly ipsets?: readonly {
      readonly cidrAndPorts?: readonly {
        readonly cidr: string;
        /** at least 1, at most 65535 */
        readonly port: number;
      }[];
      readonly cidrs?: readonly string[];
      readonly ipsetType: string;
      readonly name: string;
      readonly setNames?: readonly string[];
      readonly source: string;
    }[];
    readonly iptables?: readonly {
      readonly device?: string;
      readonly direction: string;
      readonly ipsets?: readonly string[] | null;
      readonly name: string;
      readonly source: string;
    }[];
    readonly tcs?: readonly {
      readonly bandwidth?: Bandwidth;
      readonly corrupt?: Corrupt;
      readonly delay?: Delay;
      readonly device?: string;
      readonly duplicate?: Duplicate;
      readonly ipset?: string;
      readonly loss?: Loss;
      readonly rate?: Rate;
      readonly source: string;
      readonly type: string;
    }[];
  };
  readonly status?: {
    readonly failedMessage?: string;
    readonly observedGeneration?: number;
  };
}
