// Made by test/chaos-mesh.ts of Chaos Mesh's CRDs: not to be changed by hand.
import type { KubeObject } from "../../model/json.ts";
import type { Atime, Mistake, Status3 } from "./common.ts";

export interface PodIOChaos {
  readonly apiVersion: "chaos-mesh.org/v1alpha1";
  readonly kind: "PodIOChaos";
  readonly metadata: KubeObject["metadata"];
  readonly spec: {
    readonly actions?: readonly {
      readonly atime?: Atime;
      readonly blocks?: number;
      readonly ctime?: Atime;
      readonly faults?: readonly {
        readonly errno: number;
        readonly weight: number;
      }[];
      readonly gid?: number;
      readonly ino?: number;
      readonly kind?: string;
      readonly latency?: string;
      readonly methods?: readonly string[];
      readonly mistake?: Mistake;
      readonly mtime?: Atime;
      readonly nlink?: number;
      readonly path: string;
      readonly percent: number;
      readonly perm?: number;
      readonly rdev?: number;
      readonly size?: number;
      readonly source?: string;
      readonly type: string;
      readonly uid?: number;
    }[];
    readonly container?: string;
    readonly volumeMountPath: string;
  };
  readonly status?: Status3;
}
