// What faults share that a pod's own kernel counts: how its TCP received what the witness sent.
// Reads only; what could not be looked at throws.
import type { Effect } from "../model/effect.ts";
import type { Evidence } from "../model/evidence.ts";
import type { Read } from "../model/fields.ts";
import type { Ratio } from "../model/quantity.ts";
import type { Target } from "../model/target.ts";
import { askedPort, NET_FIELDS } from "./net-fields.ts";
import type { Witness } from "./witness.ts";

/** All but the direction: a kernel counts what it receives. */
const { direction: _direction, ...fields } = NET_FIELDS;
export const COUNTED_FIELDS = fields;
export type CountedParams = Read<typeof COUNTED_FIELDS>;

const AT_ONCE = 4;
const ASKS_MIN = 20;
const WITHIN_MS = 2_000;
/** Makes a request of several packets that any server reads before it answers. */
const PADDING = `x=${"0".repeat(6_000)}`;
const SEGMENTS_PER_ASK = 5;
/** Chance that a look meets none although the effect is there. */
const FALSE_ABSENT = 0.01;

/** What was counted, and of how many received segments. */
export type Counted = { readonly hits: number; readonly of: number };

export interface Counting {
  /** Names of the kernel's counters, which add up. */
  readonly counters: readonly string[];
  /** Of all segments that come, at least so many are counted. */
  readonly leastRatio: Ratio;
}

/** What the pod's kernel counts while the witness asks the pod, by way of the API server. */
export async function countWhileAsked(
  witness: Witness,
  pod: Target<"pod">,
  { params, of }: { readonly params: CountedParams; readonly of: Counting },
): Promise<Counted> {
  const path = `${params.path}${params.path.includes("?") ? "&" : "?"}${PADDING}`;
  const request = { port: askedPort(params), path, withinMs: WITHIN_MS };
  const before = await witness.counters(pod);
  let left = asksOf(of);
  const askOn = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await witness.http(pod, request);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, askOn));
  const after = await witness.counters(pod);
  const more = (name: string): number => {
    const [was, is] = [before[name], after[name]];
    if (was === undefined || is === undefined) {
      throw new Error(`counters of pod ${pod.namespace}/${pod.name}: must name ${name}`);
    }
    return is - was;
  };
  const hits = of.counters.reduce((sum, name) => sum + more(name), 0);
  return { hits, of: more("Tcp.InSegs") };
}

/** So many that no hit among them is as good as none. */
function asksOf({ leastRatio }: Counting): number {
  const segments = Math.log(FALSE_ABSENT) / Math.log1p(-leastRatio);
  return Math.max(ASKS_MIN, Math.ceil(segments / SEGMENTS_PER_ASK));
}

export function countedGrounds(
  { counters, leastRatio }: Counting,
  pod: Target<"pod">,
): Pick<Evidence, "by" | "needed"> {
  return {
    by: `${counters.join(" and ")} of pod ${pod.namespace}/${pod.name}, counted by its kernel`,
    needed:
      "so many of the segments that come that the noise of before does it with 0.001 at most; gone " +
      `once they are so rare that a share of ${leastRatio} does it with 0.01 at most`,
  };
}

/** The part of such an effect that is the same for all: on what comes into the pod. */
export function countedShape(
  { port, affectsProbes }: CountedParams,
  pod: Target<"pod">,
): Extract<Effect, { kind: "net-shape" }> {
  return {
    kind: "net-shape",
    pod,
    direction: "in",
    ports: port === undefined ? [] : [port],
    peers: null,
    delayMs: 0,
    jitterMs: 0,
    lossRatio: 0,
    affectsProbes,
  };
}
