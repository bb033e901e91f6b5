import { count, duration, read, text, type Written } from "../../src/model/fields.ts";
import type { KubeObject } from "../../src/model/json.ts";
import type { GpuWorkload, Part } from "../../src/ports/author.ts";
import {
  fromPod,
  labelsOf,
  NAME_PATTERN,
  NAME_RULE,
  nothingPlanned,
  partObject,
  PROGRAMS_IMAGE,
  selectorOf,
  UNPRIVILEGED_CONTAINER,
  UNPRIVILEGED_POD,
} from "./objects.ts";
import { leaveLostNode } from "./spread.ts";

const FIELDS = {
  atMost: count({
    about: "moves at a time; one ends when its replacement is Ready",
    min: 1,
    max: 50,
  }),
  gap: duration({ about: "shortest time between two moves", max: "10m", default: "1s" }),
  name: text({
    about: "name of the part and its objects",
    default: "mover",
    pattern: NAME_PATTERN,
    rule: NAME_RULE,
  }),
};
/** The mover itself must leave a lost node before its pods are given up. */
const STAY_ON_LOST_NODE_MS = 5_000;

export type MoverOptions = Written<typeof FIELDS> & {
  /** Whose pods it moves. */
  readonly watches: GpuWorkload;
};

/**
 * Evicts pods of `watches` whose device the kubelet reports Unhealthy, at most `atMost` at a time,
 * through the eviction API, so that disruption budgets hold. It stops while more than half of the
 * pods (and more than one) are Unhealthy at once, and never acts on Unknown. Defaults: `gap: "1s"`,
 * `name: "mover"`.
 *
 * It has no GPU and prefers nodes without pods of `watches`; where every node has one it shares a
 * node with a possible victim, and a fault of that whole node takes the mover down for a while too.
 */
export function mover(options: MoverOptions): Part {
  const problems: string[] = [];
  const { watches, ...rest } = options;
  const settings = read("mover", FIELDS, rest, problems);
  const given = watches as Partial<GpuWorkload> | undefined;
  const watched: unknown = given?.gpus?.part;
  if (typeof watched !== "string") {
    const got = given?.part === undefined ? typeof watches : `${given.part}, which has none`;
    problems.push(`mover.watches must be a part with GPUs, got ${got}`);
  }
  if (typeof watched !== "string" || problems.length > 0) {
    return { part: "mover", planned: nothingPlanned("mover"), problems };
  }
  const { name: part } = settings;
  const planned = {
    part,
    objects: [...access(part), deployment(part, watched, settings)],
    selector: selectorOf(part),
    replicas: 1,
    gpusPerPod: 0,
    service: null,
  };
  return { part, planned, problems };
}

/** Reads pods and asks for evictions in its own namespace: nothing else. */
function access(part: string): readonly KubeObject[] {
  const rbac = "rbac.authorization.k8s.io";
  return [
    partObject(part, { apiVersion: "v1", kind: "ServiceAccount", name: part }),
    partObject(part, {
      apiVersion: `${rbac}/v1`,
      kind: "Role",
      name: part,
      rules: [
        { apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] },
        { apiGroups: [""], resources: ["pods/eviction"], verbs: ["create"] },
      ],
    }),
    partObject(part, {
      apiVersion: `${rbac}/v1`,
      kind: "RoleBinding",
      name: part,
      roleRef: { apiGroup: rbac, kind: "Role", name: part },
      // Without a namespace the subject is one of the binding's own.
      subjects: [{ kind: "ServiceAccount", name: part }],
    }),
  ];
}

function deployment(
  part: string,
  watched: string,
  { atMost, gapMs }: { readonly atMost: number; readonly gapMs: number },
): KubeObject {
  const amounts = { cpu: "100m", memory: "96Mi" };
  const variables = {
    SELECTOR: selectorOf(watched),
    AT_MOST: String(atMost),
    GAP_MS: String(gapMs),
  };
  const container = {
    name: "mover",
    image: PROGRAMS_IMAGE,
    imagePullPolicy: "IfNotPresent",
    args: ["/app/workloads/programs/mover/main.ts"],
    env: [
      fromPod("NAMESPACE", "metadata.namespace"),
      ...Object.entries(variables).map(([name, value]) => ({ name, value })),
    ],
    resources: { requests: amounts, limits: amounts },
    securityContext: UNPRIVILEGED_CONTAINER,
  };
  const offVictims = {
    weight: 100,
    podAffinityTerm: {
      labelSelector: { matchLabels: labelsOf(watched) },
      topologyKey: "kubernetes.io/hostname",
    },
  };
  return partObject(part, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    name: part,
    spec: {
      replicas: 1,
      revisionHistoryLimit: 2,
      // Two movers at once would move twice as many.
      strategy: { type: "Recreate" },
      selector: { matchLabels: labelsOf(part) },
      template: {
        metadata: { labels: labelsOf(part) },
        spec: {
          ...UNPRIVILEGED_POD,
          automountServiceAccountToken: true,
          serviceAccountName: part,
          affinity: {
            podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [offVictims] },
          },
          ...leaveLostNode(STAY_ON_LOST_NODE_MS),
          terminationGracePeriodSeconds: 2,
          containers: [container],
        },
      },
    },
  });
}
