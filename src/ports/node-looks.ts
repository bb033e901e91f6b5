// Looks at a node from outside: its kubelet, its pods, its status. Reads only; what could not be
// looked at throws.
import type { Evidence } from "../model/evidence.ts";
import { at, listAt, numberAt, textAt } from "../model/json.ts";
import type { Target } from "../model/target.ts";
import type { Witness } from "./witness.ts";

/** Pods that are asked beside the kubelet: the oldest, so that it is the same ones every time. */
const PODS_MAX = 3;
const ANSWER_MS = 2_000;

/** `refuses`: nobody listens there, but a kernel said so. */
export type Sign = "answers" | "refuses" | "silent";
type Effect = Evidence["effect"];
export type NodeSeen = {
  readonly kubelet: Sign;
  /** By uid: pods of the node that may answer by HTTP. */
  readonly pods: Readonly<Record<string, Sign>>;
  /** Status of the node's condition Ready; "": there is no such node. */
  readonly ready: string;
  readonly bootId: string;
};

/** Silence is asked twice before it is believed: a node that is only busy answers in between. */
export async function lookAtNode(witness: Witness, { node }: Target<"node">): Promise<NodeSeen> {
  const first = await askNode(witness, node);
  const signs = [first.kubelet, ...Object.values(first.pods)];
  return signs.includes("answers") ? first : askNode(witness, node);
}

/** One round of asking: whoever is silent was asked once. */
export async function askNode(witness: Witness, name: string): Promise<NodeSeen> {
  const [node, pods] = await Promise.all([
    witness.object(`api/v1/nodes/${name}`),
    witness.object(podsOn(name)),
  ]);
  const asked = doorsOf(listAt(pods, "items")).slice(0, PODS_MAX);
  const [kubelet, ...signs] = await Promise.all([
    witness.kubelet(name).then(signOf),
    ...asked.map(async ({ pod, port, path }) =>
      signOf(await witness.http(pod, { port, path, withinMs: ANSWER_MS })),
    ),
  ]);
  return {
    kubelet,
    pods: Object.fromEntries(asked.map(({ pod }, nth) => [pod.uid, signs[nth] ?? "silent"])),
    ready: textAt(readyOf(node), "status"),
    bootId: textAt(node, "status", "nodeInfo", "bootID"),
  };
}

/** Path of the list of a node's pods. */
export const podsOn = (node: string): string =>
  `api/v1/pods?fieldSelector=${encodeURIComponent(`spec.nodeName=${node}`)}`;

/** Doors of pods, the oldest first. */
export const doorsOf = (pods: readonly unknown[]): readonly Door[] =>
  pods.flatMap(doorOf).sort(byAge);

/** The node's condition Ready. */
export function readyOf(node: unknown): unknown {
  return listAt(node, "status", "conditions").find((one) => textAt(one, "type") === "Ready");
}

/** Signs of the pods that answered before. */
export function signsOfPods(before: NodeSeen, now: NodeSeen): readonly Sign[] {
  return Object.entries(now.pods)
    .filter(([uid]) => before.pods[uid] === "answers")
    .map(([, sign]) => sign);
}

export function signOf(answer: { readonly answered: boolean; readonly body: string }): Sign {
  const { answered, body } = answer;
  if (answered) return "answers";
  return /connection (refused|reset)/.test(body) ? "refuses" : "silent";
}

/** Where a running pod may be asked. */
export interface Door {
  readonly pod: Target<"pod">;
  readonly port: number;
  readonly path: string;
  readonly since: string;
}

function doorOf(pod: unknown): readonly Door[] {
  if (textAt(pod, "status", "phase") !== "Running") return [];
  const metadata = {
    namespace: textAt(pod, "metadata", "namespace"),
    name: textAt(pod, "metadata", "name"),
    uid: textAt(pod, "metadata", "uid"),
  };
  const node = textAt(pod, "spec", "nodeName");
  const since = textAt(pod, "metadata", "creationTimestamp");
  const [door] = listAt(pod, "spec", "containers").flatMap(listenerOf);
  return door ? [{ pod: { kind: "pod", ...metadata, node }, ...door, since }] : [];
}

/** What its own probe asks, else its first port. */
function listenerOf(container: unknown): readonly { port: number; path: string }[] {
  const ports = listAt(container, "ports").filter(
    (one) => (textAt(one, "protocol") || "TCP") === "TCP",
  );
  for (const probe of ["readinessProbe", "livenessProbe"]) {
    const get = at(container, probe, "httpGet");
    if (get === undefined || textAt(get, "scheme") === "HTTPS") continue;
    const named = ports.find((one) => textAt(one, "name") === textAt(get, "port"));
    const port = numberAt(get, "port") ?? numberAt(named, "containerPort");
    if (port !== undefined) return [{ port, path: textAt(get, "path") || "/" }];
  }
  const port = numberAt(ports[0], "containerPort");
  return port === undefined ? [] : [{ port, path: "/" }];
}

function byAge(a: Door, b: Door): number {
  const key = ({ since, pod }: Door): string => `${since} ${pod.uid}`;
  return key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0;
}

export const nodeGrounds = (
  before: NodeSeen,
  now: NodeSeen,
  node: string,
): Pick<Evidence, "by" | "saw"> => ({
  by: `kubelet of ${node} and its pods, asked by way of the API server; status of the node`,
  saw: { before, now },
});

/** Whether nothing of the node is heard that was: with its kubelet alone gone its pods answer. */
export function silenceOf(before: NodeSeen, now: NodeSeen): Effect {
  if (before.kubelet !== "answers" || before.ready !== "True") return "unclear";
  if (now.kubelet === "answers") return now.ready === "True" ? "absent" : "unclear";
  const witnesses = signsOfPods(before, now);
  const signs = [now.kubelet, ...witnesses];
  // Whatever speaks, even to refuse, has power and a way.
  if (signs.some((sign) => sign !== "silent")) return "absent";
  return witnesses.length > 0 || now.ready === "Unknown" ? "present" : "unclear";
}
