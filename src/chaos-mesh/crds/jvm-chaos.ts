// Made by test/chaos-mesh.ts of Chaos Mesh's CRDs: not to be changed by hand.
import type { KubeObject } from "../../model/json.ts";
import type { Selector, Status } from "./common.ts";

export interface JVMChaos {
  readonly apiVersion: "chaos-mesh.org/v1alpha1";
  readonly kind: "JVMChaos";
  readonly metadata: KubeObject["metadata"];
  readonly spec: {
    readonly action: "latency" | "return" | "exception" | "stress" | "gc" | "ruleData" | "mysql";
    readonly class?: string;
    readonly containerNames?: readonly string[];
    readonly cpuCount?: number;
    readonly database?: string;
    readonly duration?: string;
    readonly exception?: string;
    readonly latency?: number;
    readonly memType?: string;
    readonly method?: string;
    readonly mode: "one" | "all" | "fixed" | "fixed-percent" | "random-max-percent";
    readonly mysqlConnectorVersion?: string;
    readonly name?: string;
    readonly pid?: number;
    readonly port?: number;
    readonly remoteCluster?: string;
    readonly returnValue?: string;
    readonly ruleData?: string;
    readonly selector: Selector;
    readonly sqlType?: string;
    readonly table?: string;
    readonly value?: string;
  };
  readonly status?: Status;
}
