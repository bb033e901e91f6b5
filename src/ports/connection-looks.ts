// Fields and looks that faults on the connections to a pod share. Reads only; what could not be
// looked at throws.
import type { Evidence } from "../model/evidence.ts";
import { count, flag, optional, type Read } from "../model/fields.ts";
import type { Target } from "../model/target.ts";
import { podAt, type PodNow } from "./net-looks.ts";
import type { Asked, Witness } from "./witness.ts";

export const CONNECTION_FIELDS = {
  port: optional(
    count({
      about: "only connections to this port of the pod; left out: to all that it listens on",
      min: 1,
      max: 65_535,
    }),
  ),
  askPort: optional(
    count({
      about: "port of the pod that the witness asks; left out: `port`, else 8501",
      min: 1,
      max: 65_535,
    }),
  ),
  affectsProbes: flag({
    about:
      "whether the kubelet's probes are met too; else whatever comes from addresses of the pod's " +
      "own node is left alone, an API server on that node included",
    default: false,
  }),
};
type ConnectionParams = Read<typeof CONNECTION_FIELDS>;

/** The part of an effect that these fields decide. */
export function connectionScope({ port, affectsProbes }: ConnectionParams): {
  readonly ports: readonly number[];
  readonly affectsProbes: boolean;
} {
  return { ports: port === undefined ? [] : [port], affectsProbes };
}

export const connectionPort = ({ askPort, port }: ConnectionParams): number =>
  askPort ?? port ?? 8_501;

export type Met = {
  readonly asked: number;
  readonly well: number;
  /** As the fault would have it. */
  readonly hits: number;
};
export type ConnectionsSeen = {
  /** As the node agent beside the pod meets its port, as any client of another pod would. */
  readonly others: Met;
  /** As the pod itself does, by its own address: no packet of that leaves it. */
  readonly itself: Met;
  /** Null: there is no such pod, or another one has its name. */
  readonly pod: PodNow | null;
};

/** Asks of the pod's own address, from beside it and from inside; then the pod itself. */
export async function lookAtConnections(
  witness: Witness,
  target: Target<"pod">,
  how: {
    readonly url: (address: string) => string;
    readonly ask: Omit<Parameters<Witness["fromPod"]>[1], "url" | "outside">;
    readonly isHit: (asked: Asked) => boolean;
  },
): Promise<ConnectionsSeen> {
  const none = { asked: 0, well: 0, hits: 0 };
  const found = await podAt(witness, target);
  if (found === null) return { others: none, itself: none, pod: null };
  const { address } = found;
  if (address === "") throw new Error("pod must have an address, got none yet");
  const url = how.url(address.includes(":") ? `[${address}]` : address);
  const [others, itself] = await Promise.all(
    [true, false].map((outside) => witness.fromPod(target, { ...how.ask, url, outside })),
  );
  const met = (asks: readonly Asked[] = []): Met => ({
    asked: asks.length,
    well: asks.filter((one) => one.answered).length,
    hits: asks.filter(how.isHit).length,
  });
  // Looked at after the answers: what changed meanwhile must not be missed.
  const pod = (await podAt(witness, target))?.now ?? null;
  return { others: met(others), itself: met(itself), pod };
}

const isWell = ({ asked, well }: Met): boolean => asked > 0 && well === asked;

/** `isMet`: whether what others met is the fault. */
export function effectOnConnections(
  before: ConnectionsSeen,
  now: ConnectionsSeen,
  of: { readonly affectsProbes: boolean; readonly isMet: (others: Met) => boolean },
): Evidence["effect"] {
  if (before.pod === null || before.pod.terminating) return "unclear";
  if (!isWell(before.others) || !isWell(before.itself)) return "unclear";
  if (now.pod === null) return "unclear";
  if (isWell(now.others)) return "absent";
  // A process that is gone, or broken, fails the pod itself as well.
  if (!of.isMet(now.others) || !isWell(now.itself)) return "unclear";
  if (now.pod.terminating || !now.pod.running) return "unclear";
  if (now.pod.restarts !== before.pod.restarts) return "unclear";
  return of.affectsProbes || now.pod.ready === before.pod.ready ? "present" : "unclear";
}
