import type { Json } from "../model/json.ts";
import type { Target } from "../model/target.ts";

/** Eyes without hands: all that a proof may use. Throws when it could not look. */
export interface Witness {
  /** GET on the Kubernetes API: `api/v1/nodes/n1`; null where there is no such object. */
  object(path: string): Promise<Json>;
  /**
   * GET or POST on a port of a pod, by way of the API server; `answered` false: nobody spoke HTTP.
   */
  http(
    pod: Target<"pod">,
    request: { readonly port: number; readonly path: string; readonly body?: Json },
  ): Promise<{ readonly answered: boolean; readonly status: number; readonly body: string }>;
}
