// What faults on packets share: their options, their effects, and how their targets are named.
import type { Effect } from "../model/effect.ts";
import { choice, count, flag, optional, text, type Read } from "../model/fields.ts";
import type { Ms, Ratio } from "../model/quantity.ts";
import type { Target } from "../model/target.ts";

export const NET_FIELDS = {
  direction: choice(["in", "out", "both"], {
    about:
      "packets that come into the pod or node, that leave it, or both, each way by itself; on a " +
      "link: into the pods that it leads to",
    default: "in",
  }),
  port: optional(
    count({
      about: "only packets of this port of the pod or node, TCP and UDP; left out: of all ports",
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
      "whether the kubelet's probes of the pod are met too; else whatever comes from addresses of " +
      "the pod's own node is left alone, an API server on that node included",
    default: false,
  }),
};
export type NetParams = Read<typeof NET_FIELDS>;
export type NetTarget = Target<"pod" | "node" | "link">;

export const askedPort = ({ askPort, port }: Pick<NetParams, "askPort" | "port">): number =>
  askPort ?? port ?? 8_501;

/** The part of an effect that these fields decide. */
export function netScope(of: Pick<NetParams, "direction" | "port">): {
  readonly direction: NetParams["direction"];
  readonly ports: readonly number[];
} {
  const { direction, port } = of;
  return { direction, ports: port === undefined ? [] : [port] };
}

/**
 * On a pod: its packets. On a node: those by its uplinks, but never our own way to it. On a link:
 * at the pods that it leads to, what the others send them, by a Service's address or their own.
 */
export function netEffects(
  of: NetParams,
  target: NetTarget,
  packets: { readonly delayMs: Ms; readonly jitterMs: Ms; readonly lossRatio: Ratio },
): readonly Effect[] {
  const shape = { ...netScope(of), ...packets };
  const { affectsProbes } = of;
  if (target.kind === "node") {
    return [{ kind: "node-net", node: target.node, sparesControlPath: true, ...shape }];
  }
  if (target.kind === "pod") {
    return [{ kind: "net-shape", pod: target, peers: null, affectsProbes, ...shape }];
  }
  const peers = target.from.map((end) => addressOf(end));
  return target.to.map((end): Effect => ({
    kind: "net-shape",
    pod: podOf(end),
    peers,
    affectsProbes,
    ...shape,
  }));
}

type LinkEnd = Target<"link">["to"][number];

export function addressOf({ namespace, name, address }: LinkEnd): string {
  if (address !== "") return address;
  throw new Error(`pod ${namespace}/${name} must have an address, got none`);
}

export function podOf({ kind, namespace, name, uid, node }: Target<"pod">): Target<"pod"> {
  return { kind, namespace, name, uid, node };
}
