// Made by test/chaos-mesh.ts of Chaos Mesh's CRDs: not to be changed by hand.
import type { KubeObject } from "../../model/json.ts";

export interface StatusCheck {
  readonly apiVersion: "chaos-mesh.org/v1alpha1";
  readonly kind: "StatusCheck";
  readonly metadata: KubeObject["metadata"];
  readonly spec: {
    readonly duration?: string;
    /** at least 1, default 3 */
    readonly failureThreshold?: number;
    readonly http?: {
      readonly body?: string;
      readonly criteria: {
        readonly statusCode: string;
      };
      readonly headers?: Readonly<Record<string, readonly string[]>>;
      /** default "GET" */
      readonly method?: "GET" | "POST";
      readonly url: string;
    };
    /** at least 1, default 10 */
    readonly intervalSeconds?: number;
    readonly mode?: "Synchronous" | "Continuous";
    /** at least 1, at most 1000, default 100 */
    readonly recordsHistoryLimit?: number;
    /** at least 1, default 1 */
    readonly successThreshold?: number;
    /** at least 1, default 1 */
    readonly timeoutSeconds?: number;
    /** default "HTTP" */
    readonly type?: "HTTP";
  };
  readonly status?: {
    readonly completionTime?: string;
    readonly conditions?: readonly {
      readonly lastProbeTime: string;
      readonly lastTransitionTime: string;
      readonly reason: string;
      readonly status: string;
      readonly type: string;
    }[];
    readonly count?: number;
    readonly records?: readonly {
      readonly outcome: string;
      readonly startTime: string;
    }[];
    readonly startTime?: string;
  };
}
