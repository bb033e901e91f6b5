import type { Effect } from "../../model/effect.ts";
import { deletionOf } from "../../model/pod-removal.ts";
import { askApi } from "../guard-api.ts";

type Delete = Extract<Effect, { kind: "delete" }>;

/** DELETE by the API server, of the pod with that uid and no other. */
export async function apply({ pod, graceMs }: Delete): Promise<void> {
  const { status, message } = await askApi(deletionOf(pod, graceMs));
  if (status === 404 || status === 409) {
    throw new Error(`pod ${pod.namespace}/${pod.name} must have uid ${pod.uid}, got gone`);
  }
  if (status >= 300) {
    throw new Error(
      `delete of pod ${pod.namespace}/${pod.name}: must be accepted, got ${status}: ${message}`,
    );
  }
}

/** It happens once: nothing is held. */
export async function extend(): Promise<void> {}
export async function undo(): Promise<void> {}
