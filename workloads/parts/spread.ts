/** How the pods of a part are kept apart. */
export const SPREADS = ["none", "preferred", "required", "topology", "together"] as const;
export type Spread = (typeof SPREADS)[number];

const BY_NODE = "kubernetes.io/hostname";

/**
 * The fields of a pod that keep it off the nodes of its siblings. `topology` counts neither pods
 * that are terminating nor nodes whose taints the pod does not tolerate, so a replacement finds a
 * place when a node is dead; `required` counts both, and where replicas equal nodes it finds none.
 * `together` is the opposite: all of them on one node for as long as it has room, which is what a
 * cluster does by itself where one node has the GPUs, or where it is told to fill nodes up.
 */
export function spreadOf(
  spread: Spread,
  matchLabels: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> {
  const term = { labelSelector: { matchLabels }, topologyKey: BY_NODE };
  const kinds: Readonly<Record<Spread, Readonly<Record<string, unknown>>>> = {
    none: {},
    preferred: {
      affinity: {
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term }],
        },
      },
    },
    required: {
      affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } },
    },
    topology: {
      topologySpreadConstraints: [
        {
          ...term,
          maxSkew: 1,
          whenUnsatisfiable: "DoNotSchedule",
          nodeTaintsPolicy: "Honor",
          matchLabelKeys: ["pod-template-hash"],
        },
      ],
    },
    together: {
      affinity: {
        podAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term }],
        },
      },
      // One of its own takes the place of the scheduler's default, which would spread them.
      topologySpreadConstraints: [
        {
          labelSelector: { matchLabels },
          topologyKey: "kubernetes.io/os",
          maxSkew: 1,
          whenUnsatisfiable: "ScheduleAnyway",
        },
      ],
    },
  };
  return kinds[spread];
}

/** Leave a node that is lost after so many seconds; undefined: upstream's default, 300 s. */
export function leaveLostNode(afterMs: number | undefined): Readonly<Record<string, unknown>> {
  if (afterMs === undefined) return {};
  return {
    tolerations: ["not-ready", "unreachable"].map((state) => ({
      key: `node.kubernetes.io/${state}`,
      operator: "Exists",
      effect: "NoExecute",
      tolerationSeconds: Math.ceil(afterMs / 1_000),
    })),
  };
}
