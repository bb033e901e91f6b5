// What faults on the services that a pod calls share: their options and their looks. Reads only.
import { count, text } from "../model/fields.ts";
import type { Ms } from "../model/quantity.ts";
import type { Target } from "../model/target.ts";
import type { Asked, Witness } from "./witness.ts";

/** Longer than a service that is well takes; several looks fit into the time for proofs. */
const ANSWER_MS = 1_500;
const CONNECTS = 2;

/** Which service: what the pods' own packets carry, so a Service is met by its own address. */
export const DEPENDENCY = {
  host: text({
    about: "the service that the pods call: its DNS name as they would look it up, or an address",
    pattern: /^[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9.])?$/,
    rule: "a DNS name or an IPv4 address",
  }),
  port: count({ about: "port of that service, TCP", min: 1, max: 65_535, default: 80 }),
  path: text({
    about: "path that is asked for the proof by GET; any status is an answer",
    pattern: /^\/\S*$/,
    rule: "a path that begins with /",
    default: "/",
  }),
};
export type Service = { readonly host: string; readonly port: number; readonly path: string };

/**
 * `answers`: it says something or ends the connection, HTTP or not; `silent`: it does neither;
 * `refuses`: nobody listens; `unreachable`: there is no connection, or no such name.
 */
export type Sign = "answers" | "silent" | "refuses" | "unreachable";
export type Signs = {
  /** As the pod meets it. */
  readonly pod: Sign;
  /** As its node agent does, which no fault on that pod meets. */
  readonly others: Sign;
};

export async function lookAtService(
  witness: Witness,
  pod: Target<"pod">,
  of: Service,
): Promise<Signs> {
  const [own, others] = await Promise.all(
    [false, true].map((outside) => signOf(witness, pod, { of, outside })),
  );
  return { pod: own ?? "unreachable", others: others ?? "unreachable" };
}

async function signOf(
  witness: Witness,
  pod: Target<"pod">,
  { of, outside }: { readonly of: Service; readonly outside: boolean },
): Promise<Sign> {
  const ask = { withinMs: ANSWER_MS, outside };
  const url = `tcp://${of.host}:${of.port}`;
  const connects = await witness.fromPod(pod, { ...ask, url, count: CONNECTS });
  if (connects.length > 0 && connects.every(isRefusal)) return "refuses";
  if (connects.length === 0 || !connects.every(({ answered }) => answered)) return "unreachable";
  const [got] = await getFromPod(witness, pod, { of, outside, count: 1, withinMs: ANSWER_MS });
  if (got === undefined) return "unreachable";
  return !got.answered && got.tookMs >= ANSWER_MS * 0.9 ? "silent" : "answers";
}

/** GETs of a service's path. */
export async function getFromPod(
  witness: Witness,
  pod: Target<"pod">,
  ask: {
    readonly of: Service;
    readonly outside: boolean;
    readonly count: number;
    readonly withinMs: Ms;
  },
): Promise<readonly Asked[]> {
  const { host, port, path } = ask.of;
  const { outside, count, withinMs } = ask;
  return witness.fromPod(pod, { url: `http://${host}:${port}${path}`, outside, count, withinMs });
}

function isRefusal({ answered, why }: Asked): boolean {
  return !answered && why.includes("connection refused");
}
