// Made by test/chaos-mesh.ts of Chaos Mesh's CRDs: not to be changed by hand.
import type { KubeObject } from "../../model/json.ts";
import type { Patch, Replace, Status3, Tls } from "./common.ts";

export interface PodHttpChaos {
  readonly apiVersion: "chaos-mesh.org/v1alpha1";
  readonly kind: "PodHttpChaos";
  readonly metadata: KubeObject["metadata"];
  readonly spec: {
    readonly rules?: readonly {
      readonly actions: {
        readonly abort?: boolean;
        readonly delay?: string;
        readonly patch?: Patch;
        readonly replace?: Replace;
      };
      readonly port: number;
      readonly selector: {
        readonly code?: number;
        readonly method?: string;
        readonly path?: string;
        readonly port?: number;
        readonly request_headers?: Readonly<Record<string, string>>;
        readonly response_headers?: Readonly<Record<string, string>>;
      };
      readonly source?: string;
      readonly target: string;
    }[];
    readonly tls?: Tls;
  };
  readonly status?: Status3;
}
