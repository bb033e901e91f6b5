// Fields and looks that faults on a pod's network share. Reads only; what could not be looked at
// throws.
import { choice, count, flag, optional, text, type Read } from "../model/fields.ts";
import { at, listAt, numberAt, textAt, type Json } from "../model/json.ts";
import type { Ms } from "../model/quantity.ts";
import type { Target } from "../model/target.ts";
import type { Witness } from "./witness.ts";

export const NET_FIELDS = {
  direction: choice(["in", "out", "both"], {
    about: "packets that come into the pod, that leave it, or both, each way by itself",
    default: "in",
  }),
  port: optional(
    count({
      about: "only packets of this port of the pod, TCP and UDP; left out: of all ports",
      min: 1,
      max: 65_535,
    }),
  ),
  askPort: optional(
    count({
      about: "port of the pod that the witness asks by HTTP; left out: `port`, else 8501",
      min: 1,
      max: 65_535,
    }),
  ),
  path: text({
    about: "path that the witness asks there: any status is an answer",
    pattern: /^\/\S*$/,
    rule: "a path that begins with /",
    default: "/",
  }),
  affectsProbes: flag({
    about:
      "whether the kubelet's probes are met too; else whatever comes from addresses of the pod's " +
      "own node is left alone, an API server on that node included",
    default: false,
  }),
};
export type NetParams = Read<typeof NET_FIELDS>;

/** The part of an effect that these fields decide. */
export function netScope(of: NetParams): {
  readonly direction: NetParams["direction"];
  readonly ports: readonly number[];
  readonly peers: null;
  readonly affectsProbes: boolean;
} {
  const { direction, port, affectsProbes } = of;
  return { direction, ports: port === undefined ? [] : [port], peers: null, affectsProbes };
}

export const askedPort = ({ askPort, port }: NetParams): number => askPort ?? port ?? 8_501;

/** `refuses`: nobody listens there, but the pod's kernel said so: packets pass. */
export type Told = { readonly sign: "answers" | "refuses" | "silent"; readonly tookMs: Ms };
export type PodNow = {
  readonly terminating: boolean;
  readonly running: boolean;
  readonly ready: boolean;
  readonly restarts: number;
};
export type NetSeen = {
  readonly told: readonly Told[];
  /** Null: there is no such pod, or another one has its name. */
  readonly pod: PodNow | null;
};

/** So many asks of the pod by way of the API server, some at once; then the pod itself. */
export async function lookThroughNetwork(
  witness: Witness,
  target: Target<"pod">,
  how: {
    readonly params: NetParams;
    readonly asks: number;
    readonly atOnce: number;
    readonly withinMs: Ms;
  },
): Promise<NetSeen> {
  const { params, asks, atOnce, withinMs } = how;
  const request = { port: askedPort(params), path: params.path, withinMs };
  const told: Told[] = [];
  let left = asks;
  const askOn = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const { answered, body, tookMs } = await witness.http(target, request);
      const refuses = /connection (refused|reset)/.test(body);
      told.push({ sign: answered ? "answers" : refuses ? "refuses" : "silent", tookMs });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, askOn));
  // Looked at after the answers: what changed meanwhile must not be missed.
  const { namespace, name, uid } = target;
  const pod = await witness.object(`api/v1/namespaces/${namespace}/pods/${name}`);
  return { told, pod: textAt(pod, "metadata", "uid") === uid ? podIn(pod) : null };
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

export function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** All answered. */
export const allAnswer = ({ told }: NetSeen): boolean =>
  told.length > 0 && told.every(({ sign }) => sign === "answers");
