// Made by test/chaos-mesh.ts of Chaos Mesh's CRDs: not to be changed by hand.
import type { KubeObject } from "../../model/json.ts";
import type { Patch, Replace, Selector, Status2, Tls } from "./common.ts";

export interface HTTPChaos {
  readonly apiVersion: "chaos-mesh.org/v1alpha1";
  readonly kind: "HTTPChaos";
  readonly metadata: KubeObject["metadata"];
  readonly spec: {
    readonly abort?: boolean;
    readonly code?: number;
    readonly delay?: string;
    readonly duration?: string;
    readonly method?: string;
    readonly mode: "one" | "all" | "fixed" | "fixed-percent" | "random-max-percent";
    readonly patch?: Patch;
    readonly path?: string;
    readonly port?: number;
    readonly remoteCluster?: string;
    readonly replace?: Replace;
    readonly request_headers?: Readonly<Record<string, string>>;
    readonly response_headers?: Readonly<Record<string, string>>;
    readonly selector: Selector;
    readonly target: "Request" | "Response";
    readonly tls?: Tls;
    readonly value?: string;
  };
  readonly status?: Status2;
}
