import type { Json } from "./json.ts";
import type { Ms } from "./quantity.ts";
import type { Target } from "./target.ts";

type Pod = Pick<Target<"pod">, "namespace" | "name" | "uid">;

/** What is asked of the API server. */
interface Removal {
  readonly method: "DELETE" | "POST";
  readonly path: string;
  readonly body: Json;
}

const pathOf = ({ namespace, name }: Pod): string => `api/v1/namespaces/${namespace}/pods/${name}`;
const secondsOf = (graceMs: Ms): number => Math.ceil(graceMs / 1_000);

/** Deletes the pod with that uid and no other. */
export function deletionOf(pod: Pod, graceMs: Ms): Removal {
  return {
    method: "DELETE",
    path: pathOf(pod),
    body: {
      apiVersion: "v1",
      kind: "DeleteOptions",
      gracePeriodSeconds: secondsOf(graceMs),
      preconditions: { uid: pod.uid },
    },
  };
}

/**
 * Evicts the pod with that uid and no other; `graceMs` null: with its own grace. 429: a budget does
 * not allow it now. The server takes another uid for a conflict that may pass, and tries for 10 s.
 */
export function evictionOf(pod: Pod, graceMs: Ms | null): Removal {
  const { namespace, name, uid } = pod;
  const grace = graceMs === null ? {} : { gracePeriodSeconds: secondsOf(graceMs) };
  return {
    method: "POST",
    path: `${pathOf(pod)}/eviction`,
    body: {
      apiVersion: "policy/v1",
      kind: "Eviction",
      metadata: { namespace, name },
      deleteOptions: { ...grace, preconditions: { uid } },
    },
  };
}

/** In the API server's words, with what a disruption budget counts; at most 500 characters. */
export function wordsOf(body: string): string {
  let told: readonly string[] = [];
  try {
    const status = JSON.parse(body) as {
      readonly message?: string;
      readonly details?: { readonly causes?: readonly { readonly message?: string }[] };
    };
    told = [status.message, ...(status.details?.causes ?? []).map(({ message }) => message)].filter(
      (one) => one !== undefined && one !== "",
    ) as readonly string[];
  } catch {
    // Not JSON: all of it is the message.
  }
  return ([...new Set(told)].join(" ") || body).slice(0, 500);
}
