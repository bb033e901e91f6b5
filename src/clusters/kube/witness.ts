import { AGENT, AGENT_NODE, agentOn } from "../../model/agent-pod.ts";
import { messageOf } from "../../model/error.ts";
import { at, numberAt, textAt, type Json } from "../../model/json.ts";
import type { Ms } from "../../model/quantity.ts";
import type { Target } from "../../model/target.ts";
import { ApiError, type Api } from "../../ports/api.ts";
import type { Answer, ApiServerPath, Asked, Witness } from "../../ports/witness.ts";
import { serverMessage, statusOf } from "./answer.ts";

export interface WitnessOptions {
  /** A pod that has not answered by then is told as one that did not answer. Default 5,000. */
  readonly answerMs?: number;
  /** The same for a kubelet, which has nothing to compute. Default 2,000. */
  readonly kubeletMs?: number;
}
type Answered = Omit<Answer, "tookMs">;
type PodRequest = Parameters<Witness["http"]>[1];
type Ask = Parameters<Api["call"]>[0];
const ANSWER_MS = 5_000;
const KUBELET_MS = 2_000;
/** All of one look by a node's agent. */
const BY_AGENT_MS = 9_000;

/**
 * Looks through an Api of its own, so that what the run does to its connections hides nothing.
 * Throws ApiError when the API server could not be asked or refused to look.
 */
export function kubeWitness(api: Api, options: WitnessOptions = {}): Witness {
  const { answerMs = ANSWER_MS, kubeletMs = KUBELET_MS } = options;
  return {
    object: (path) => api.get(path),
    http: async (pod, request) => {
      const withinMs = Math.min(answerMs, request.withinMs ?? answerMs);
      const fromMs = performance.now();
      const answer = await throughApi(api, askOf(pod, request), withinMs);
      return { ...answer, tookMs: performance.now() - fromMs };
    },
    kubelet: (node, path = "healthz") =>
      throughApi(api, { method: "GET", path: `api/v1/nodes/${node}/proxy/${path}` }, kubeletMs),
    apiServer: (path, withinMs) => askServer(api, path, withinMs),
    fromPod: (pod, ask) => askFromPod(api, pod, ask),
    inContainer: (pod, look) => lookInContainer(api, pod, look),
    counters: (pod) => countersOf(api, pod),
  };
}

/** Whatever kept it from answering is what it looked like from here. */
async function askServer(api: Api, path: ApiServerPath, withinMs: Ms): Promise<Answer> {
  const fromMs = performance.now();
  const answered = await api
    .call({ method: "GET", path }, AbortSignal.timeout(withinMs))
    .then(({ status, body }) => ({ answered: true, status, body }))
    .catch((error: unknown) => ({ answered: false, status: 0, body: messageOf(error) }));
  return { ...answered, tookMs: performance.now() - fromMs };
}

async function askFromPod(
  api: Api,
  pod: Target<"pod">,
  ask: Parameters<Witness["fromPod"]>[1],
): Promise<readonly Asked[]> {
  const what = `look from pod ${pod.namespace}/${pod.name} at ${ask.url}`;
  const told = await byAgent(api, pod, { what, program: "ask-from-pod.ts", given: { pod, ask } });
  if (told.length !== ask.count) {
    throw new Error(`${what}: must be told of ${ask.count} asks, got ${told.length}`);
  }
  return told.map(askedOf);
}

const ENDS: readonly Asked["ended"][] = ["complete", "reset", "short", "none"];

function askedOf(told: Json): Asked {
  const ended = ENDS.find((one) => one === textAt(told, "ended"));
  if (ended === undefined)
    throw new Error(`an ask must end in a known way, got ${JSON.stringify(told)}`);
  return {
    answered: at(told, "answered") === true,
    status: numberAt(told, "status") ?? 0,
    tookMs: numberAt(told, "tookMs") ?? 0,
    why: textAt(told, "why"),
    ended,
    bodyBytes: numberAt(told, "bodyBytes") ?? 0,
    address: textAt(told, "address"),
  };
}

async function lookInContainer(
  api: Api,
  pod: Target<"pod">,
  look: Parameters<Witness["inContainer"]>[1],
): Promise<Json> {
  const what = `look at ${look.at} in pod ${pod.namespace}/${pod.name}`;
  const given = { pod, ...look };
  const [told] = await byAgent(api, pod, { what, program: "look-in-container.ts", given });
  if (told === undefined) throw new Error(`${what}: must be told, got nothing`);
  return told;
}

async function countersOf(api: Api, pod: Target<"pod">): Promise<Readonly<Record<string, number>>> {
  const what = `counters of pod ${pod.namespace}/${pod.name}`;
  const [told] = await byAgent(api, pod, { what, program: "counters-of-pod.ts", given: { pod } });
  if (numberAt(told, "Tcp.InSegs") === undefined) throw new Error(`${what}: must name Tcp.InSegs`);
  return told as Readonly<Record<string, number>>;
}

/** By a process of its own in the agent's pod, apart from whatever is held there: its lines. */
async function byAgent(
  api: Api,
  pod: Target<"pod">,
  of: { readonly what: string; readonly program: string; readonly given: object },
): Promise<readonly Json[]> {
  const limit = AbortSignal.timeout(BY_AGENT_MS);
  const pods = await api.list(`api/v1/namespaces/${AGENT.namespace}/pods`, limit);
  const agent = agentOn(pod.node, pods);
  const argv = [...AGENT_NODE, `/app/src/agents/${of.program}`, JSON.stringify(of.given)];
  const session = await api.exec(agent, argv, limit);
  const lines: string[] = [];
  session.onLine((line) => lines.push(line));
  const { code, stderr } = await session.ended;
  if (code !== 0) throw new Error(`${of.what}: ${stderr || `ended with code ${code}`}`);
  return lines.map((line) => JSON.parse(line) as Json);
}

function askOf({ namespace, name }: Target<"pod">, { port, path: on, body }: PodRequest): Ask {
  const path = `api/v1/namespaces/${namespace}/pods/${name}:${port}/proxy/${on.replace(/^\/+/, "")}`;
  return body === undefined ? { method: "GET", path } : { method: "POST", path, body };
}

async function throughApi(api: Api, ask: Ask, answerMs: number): Promise<Answered> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), answerMs);
  try {
    const { status, body } = await api.call(ask, limit.signal);
    return heard(ask.path, status, body);
  } catch (error) {
    if (!limit.signal.aborted) throw error;
    // Silence is that of the other side only if the API server itself still speaks.
    await api.get("version");
    return { answered: false, status: 0, body: `no answer within ${answerMs} ms` };
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The API server reports what it met on the way to a pod or a kubelet as a Status object of its
 * own; their answer, a 503 with any other body included, is passed on as it is.
 */
export function heard(path: string, status: number, body: string): Answered {
  const own = status < 400 ? null : statusOf(body);
  if (own === null) return { answered: true, status, body };
  const message = textAt(own, "message");
  const unreachable =
    message.startsWith("error trying to reach service") || message.includes("is not running");
  const gone = status === 404 && ["pods", "nodes"].includes(textAt(own, "details", "kind"));
  if (unreachable || gone) return { answered: false, status, body: message };
  throw new ApiError(`look ${path}: ${status}: ${serverMessage(body)}`, status);
}
