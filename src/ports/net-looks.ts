// Looks that faults on packets share. Reads only; what could not be looked at throws.
import { AGENT, agentPods } from "../model/agent-pod.ts";
import type { Evidence } from "../model/evidence.ts";
import { at, listAt, numberAt, textAt, type Json, type KubeObject } from "../model/json.ts";
import type { Ms } from "../model/quantity.ts";
import type { Target } from "../model/target.ts";
import { addressOf, askedPort, podOf, type NetParams, type NetTarget } from "./net-fields.ts";
import { doorsOf, podsOn } from "./node-looks.ts";
import type { Asked, Witness } from "./witness.ts";

/** Pairs of pods of a link that are asked. */
const PAIRS_MAX = 3;

/** `refuses`: nobody listens there, but the pod's kernel said so: packets pass. */
export type Told = { readonly sign: "answers" | "refuses" | "silent"; readonly tookMs: Ms };
export type PodNow = {
  readonly terminating: boolean;
  readonly running: boolean;
  readonly ready: boolean;
  readonly restarts: number;
};
/** One way that is asked: a pod from one place. */
export type Way = {
  readonly about: string;
  readonly told: readonly Told[];
  /** Asked from beside a link, where nobody is to be hurt. Empty: there is no beside. */
  readonly others: readonly Told[];
  /** Null: there is no such pod, or another one has its name. */
  readonly pod: PodNow | null;
};
export type NetSeen = readonly Way[];
export interface Asking {
  readonly params: NetParams;
  readonly asks: number;
  readonly atOnce: number;
  readonly withinMs: Ms;
}

/**
 * So many asks, some at once, of the pod itself by way of the API server; of a pod on the node from
 * another node; of pods at the end of a link, from those at its beginning and from beside them.
 */
export async function lookThroughNetwork(
  witness: Witness,
  target: NetTarget,
  how: Asking,
): Promise<NetSeen> {
  if (target.kind === "pod") return [await lookAtPod(witness, target, how)];
  if (target.kind === "node") return [await lookAtNodesPod(witness, target, how)];
  const { from, to } = target;
  const pairs = Math.min(PAIRS_MAX, Math.max(from.length, to.length));
  return Promise.all(
    Array.from({ length: pairs }, async (_, nth): Promise<Way> => {
      const [client, server] = [from[nth % from.length], to[nth % to.length]];
      if (client === undefined || server === undefined) throw new Error("link must have two ends");
      const url = `http://${addressOf(server)}:${askedPort(how.params)}${how.params.path}`;
      const [told, others] = await Promise.all(
        [false, true].map((outside) => tell(witness, podOf(client), { ...how, url, outside })),
      );
      return {
        about: `from pod ${client.namespace}/${client.name} to ${server.namespace}/${server.name}`,
        told: told ?? [],
        others: others ?? [],
        pod: await podNow(witness, server),
      };
    }),
  );
}

async function lookAtPod(witness: Witness, target: Target<"pod">, how: Asking): Promise<Way> {
  const { params, asks, atOnce, withinMs } = how;
  const request = { port: askedPort(params), path: params.path, withinMs };
  const told: Told[] = [];
  let left = asks;
  const askOn = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const { answered, body, tookMs } = await witness.http(target, request);
      told.push(signOf({ answered, why: body, tookMs }));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, askOn));
  // Looked at after the answers: what changed meanwhile must not be missed.
  const pod = await podNow(witness, target);
  return { about: `pod ${target.namespace}/${target.name}`, told, others: [], pod };
}

/** The API server's own way to the node is left alone, so the asks come from another node. */
async function lookAtNodesPod(
  witness: Witness,
  { node }: Target<"node">,
  how: Asking,
): Promise<Way> {
  const [there, agents] = await Promise.all([
    witness.object(podsOn(node)),
    witness.object(`api/v1/namespaces/${AGENT.namespace}/pods`),
  ]);
  const port = askedPort(how.params);
  const pods = listAt(there, "items").filter((pod) => at(pod, "spec", "hostNetwork") !== true);
  const own = doorsOf(pods.filter((pod) => listensOn(pod, port)));
  const [door] = own.length > 0 ? own.map((one) => ({ ...one, port })) : doorsOf(pods);
  const address = textAt(
    pods.find((pod) => textAt(pod, "metadata", "uid") === door?.pod.uid),
    "status",
    "podIP",
  );
  if (door === undefined || address === "") {
    throw new Error(`node ${node} must have a pod that can be asked by HTTP, got none`);
  }
  const [agent] = agentPods(listAt(agents, "items") as readonly KubeObject[])
    .flatMap(asTarget)
    .filter((one) => one.node !== node)
    .toSorted((a, b) => (a.node < b.node ? -1 : 1));
  if (agent === undefined) throw new Error(`node ${node} must not be the only one with an agent`);
  const url = `http://${address}:${door.port}${own.length > 0 ? how.params.path : door.path}`;
  return {
    about: `from node ${agent.node} to pod ${door.pod.namespace}/${door.pod.name}`,
    told: await tell(witness, agent, { ...how, url, outside: true }),
    others: [],
    pod: await podNow(witness, door.pod),
  };
}

function listensOn(pod: unknown, port: number): boolean {
  return listAt(pod, "spec", "containers").some((container) =>
    listAt(container, "ports").some((one) => numberAt(one, "containerPort") === port),
  );
}

function asTarget(pod: KubeObject): readonly Target<"pod">[] {
  const { namespace = "", name } = pod.metadata;
  const [uid, node] = [textAt(pod, "metadata", "uid"), textAt(pod, "spec", "nodeName")];
  return [{ kind: "pod", namespace, name, uid, node }];
}

/** Asks from inside a pod; so many at once as asked for, but from beside one after the other. */
async function tell(
  witness: Witness,
  pod: Target<"pod">,
  how: Asking & { readonly url: string; readonly outside: boolean },
): Promise<readonly Told[]> {
  const { url, outside, asks, withinMs, atOnce } = how;
  const count = Math.ceil(asks / atOnce);
  const asked = await Promise.all(
    Array.from({ length: atOnce }, () => witness.fromPod(pod, { url, count, withinMs, outside })),
  );
  return asked.flat().map(signOf);
}

function signOf({ answered, why, tookMs }: Pick<Asked, "answered" | "why" | "tookMs">): Told {
  const refuses = /connection (refused|reset)/.test(why);
  return { sign: answered ? "answers" : refuses ? "refuses" : "silent", tookMs };
}

async function podNow(witness: Witness, target: Target<"pod">): Promise<PodNow | null> {
  return (await podAt(witness, target))?.now ?? null;
}

/** Null: there is no such pod, or another one has its name. */
export async function podAt(
  witness: Witness,
  { namespace, name, uid }: Target<"pod">,
): Promise<{ readonly now: PodNow; readonly address: string } | null> {
  const pod = await witness.object(`api/v1/namespaces/${namespace}/pods/${name}`);
  if (textAt(pod, "metadata", "uid") !== uid) return null;
  return { now: podIn(pod), address: textAt(pod, "status", "podIP") };
}

function podIn(pod: Json): PodNow {
  if (at(pod, "spec", "hostNetwork") === true) {
    throw new Error("pod must have a network of its own, got hostNetwork");
  }
  const statuses = listAt(pod, "status", "containerStatuses");
  const ready = listAt(pod, "status", "conditions").find((one) => textAt(one, "type") === "Ready");
  return {
    terminating: at(pod, "metadata", "deletionTimestamp") !== undefined,
    running: statuses.every((one) => at(one, "state", "running") !== undefined),
    ready: textAt(ready, "status") === "True",
    restarts: statuses.reduce<number>((sum, one) => sum + (numberAt(one, "restartCount") ?? 0), 0),
  };
}

/** What is so on every way that is asked; what differs from way to way is unclear. */
export function onAllWays(
  before: NetSeen,
  now: NetSeen,
  effectOf: (before: Way, now: Way) => Evidence["effect"],
): Evidence["effect"] {
  const effects = now.map((way, nth) => {
    const was = before[nth];
    return was?.about === way.about ? effectOf(was, way) : "unclear";
  });
  const [first = "unclear"] = effects;
  return effects.length === before.length && effects.every((one) => one === first)
    ? first
    : "unclear";
}

/** The same for a heal: a pod that is gone has taken its network with it. */
export function onAllWaysLeft(
  before: NetSeen,
  now: NetSeen,
  effectOf: (before: Way, now: Way) => Evidence["effect"],
): Evidence["effect"] {
  return onAllWays(before, now, (was, is) => (is.pod === null ? "absent" : effectOf(was, is)));
}

/** What is looked at, for people. */
export function netBy(target: NetTarget): string {
  switch (target.kind) {
    case "pod":
      return `answers of pod ${target.namespace}/${target.name} by way of the API server`;
    case "node":
      return `answers of a pod on ${target.node}, asked from another node`;
    case "link":
      return "answers at the end of the link, asked from its beginning and from beside it";
  }
}

export function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

export const timesOf = (told: readonly Told[]): readonly Ms[] =>
  told.map(({ tookMs }) => tookMs).toSorted((a, b) => a - b);

/** All answered. */
export const allAnswer = (told: readonly Told[]): boolean =>
  told.length > 0 && told.every(({ sign }) => sign === "answers");

/** Beside a link all answer, where there is a beside. */
export const othersAnswer = ({ others }: Way): boolean => others.length === 0 || allAnswer(others);
