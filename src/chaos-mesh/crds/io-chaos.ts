// Made by test/chaos-mesh.ts of Chaos Mesh's CRDs: not to be changed by hand.
import type { KubeObject } from "../../model/json.ts";
import type { Atime, Mistake, Selector, Status2 } from "./common.ts";

export interface IOChaos {
  readonly apiVersion: "chaos-mesh.org/v1alpha1";
  readonly kind: "IOChaos";
  readonly metadata: KubeObject["metadata"];
  readonly spec: {
    readonly action: "latency" | "fault" | "attrOverride" | "mistake";
    readonly attr?: {
      readonly atime?: Atime;
      readonly blocks?: number;
      readonly ctime?: Atime;
      readonly gid?: number;
      readonly ino?: number;
      readonly kind?: string;
      readonly mtime?: Atime;
      readonly nlink?: number;
      readonly perm?: number;
      readonly rdev?: number;
      readonly size?: number;
      readonly uid?: number;
    };
    readonly containerNames?: readonly string[];
    readonly delay?: string;
    readonly duration?: string;
    readonly errno?: number;
    readonly methods?: readonly string[];
    readonly mistake?: Mistake;
    readonly mode: "one" | "all" | "fixed" | "fixed-percent" | "random-max-percent";
    readonly path?: string;
    /** default 100 */
    readonly percent?: number;
    readonly remoteCluster?: string;
    readonly selector: Selector;
    readonly value?: string;
    readonly volumePath: string;
  };
  readonly status?: Status2;
}
