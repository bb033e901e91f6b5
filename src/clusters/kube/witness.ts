import { textAt, type Json } from "../../model/json.ts";
import type { Target } from "../../model/target.ts";
import { ApiError, type Api } from "../../ports/api.ts";
import type { Witness } from "../../ports/witness.ts";
import { serverMessage, statusOf } from "./answer.ts";

export interface WitnessOptions {
  /** A pod that has not answered by then is told as one that did not answer. Default 5,000. */
  readonly answerMs?: number;
}
type Answered = Awaited<ReturnType<Witness["http"]>>;
const ANSWER_MS = 5_000;

/**
 * Looks through an Api of its own, so that what the run does to its connections hides nothing.
 * Throws ApiError when the API server could not be asked or refused to look.
 */
export function kubeWitness(api: Api, options: WitnessOptions = {}): Witness {
  const answerMs = options.answerMs ?? ANSWER_MS;
  return {
    object: (path) => api.get(path),
    http: (pod, request) => lookAtPod(api, pod, request, answerMs),
  };
}

async function lookAtPod(
  api: Api,
  pod: Target<"pod">,
  request: { readonly port: number; readonly path: string; readonly body?: Json },
  answerMs: number,
): Promise<Answered> {
  const path =
    `api/v1/namespaces/${pod.namespace}/pods/${pod.name}:${request.port}/proxy/` +
    request.path.replace(/^\/+/, "");
  const asked =
    request.body === undefined
      ? ({ method: "GET", path } as const)
      : ({ method: "POST", path, body: request.body } as const);
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), answerMs);
  try {
    const { status, body } = await api.call(asked, limit.signal);
    return heard(path, status, body);
  } catch (error) {
    if (!limit.signal.aborted) throw error;
    // Silence is the pod's only if the API server itself still speaks.
    await api.get("version");
    return { answered: false, status: 0, body: `no answer within ${answerMs} ms` };
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The API server reports what it met on the way to the pod as a Status object of its own; a pod's
 * answer, a 503 with any other body included, is passed on as it is.
 */
export function heard(path: string, status: number, body: string): Answered {
  const own = status < 400 ? null : statusOf(body);
  if (own === null) return { answered: true, status, body };
  const message = textAt(own, "message");
  const unreachable =
    message.startsWith("error trying to reach service") || message.includes("is not running");
  const podGone = status === 404 && textAt(own, "details", "kind") === "pods";
  if (unreachable || podGone) return { answered: false, status, body: message };
  throw new ApiError(`look ${path}: ${status}: ${serverMessage(body)}`, status);
}
