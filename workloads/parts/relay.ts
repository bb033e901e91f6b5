import {
  choice,
  count,
  duration,
  read,
  text,
  type Read,
  type Written,
} from "../../src/model/fields.ts";
import type { KubeObject } from "../../src/model/json.ts";
import type { Workload } from "../../src/ports/author.ts";
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
import { spreadOf, SPREADS } from "./spread.ts";

const PORT = 8_080;
const GRACE_MS = 10_000;

const FIELDS = {
  replicas: count({ about: "pods wanted", min: 1, max: 50, default: 2 }),
  timeout: duration({
    about: "how long it waits for the first byte of an answer before it answers 504",
    min: "1ms",
    max: "10m",
    default: "1s",
  }),
  connections: count({
    about: "connections to the upstream that each pod keeps and shares",
    min: 1,
    max: 4_096,
    default: 64,
  }),
  spread: choice(SPREADS, { about: "how replicas are kept apart", default: "topology" }),
  name: text({
    about: "name of the part, its objects and its Service",
    default: "relay",
    pattern: NAME_PATTERN,
    rule: NAME_RULE,
  }),
};
type Settings = Read<typeof FIELDS>;

export type RelayOptions = Written<typeof FIELDS> & {
  /** The tier behind it: a part with a Service in the same namespace. */
  readonly to: Workload;
};

/**
 * A tier before another: pods that pass each request on to the Service of `to` over connections
 * that they keep, and its answer back (port 80 of the Service). No answer within `timeout` is 504,
 * no upstream 502; nothing is asked twice. Readiness does not ask the upstream. Defaults:
 * `replicas: 2`, `timeout: "1s"`, `connections: 64`, `spread: "topology"`, `name: "relay"`.
 */
export function relay(options: RelayOptions): Workload {
  const problems: string[] = [];
  const { to, ...rest } = options;
  const settings = read("relay", FIELDS, rest, problems);
  const given = to as Partial<Workload> | undefined;
  const service = given?.planned?.service ?? null;
  // A part with problems has no Service, and tells them itself.
  if (service === null && (given?.problems ?? []).length === 0) {
    problems.push(`relay.to must be a part with a Service, got ${given?.part ?? typeof to}`);
  }
  const part = problems.length === 0 ? settings.name : "relay";
  const planned =
    problems.length > 0 || service === null
      ? nothingPlanned(part)
      : {
          part,
          objects: [serviceOf(part), budget(part), deployment(settings, service)],
          selector: selectorOf(part),
          replicas: settings.replicas,
          gpusPerPod: 0,
          service: { name: part, port: 80 },
        };
  return {
    part,
    planned,
    problems,
    pods: { part, kind: "pod" },
    nodes: { part, kind: "node" },
  };
}

function serviceOf(name: string): KubeObject {
  return partObject(name, {
    apiVersion: "v1",
    kind: "Service",
    name,
    spec: {
      selector: labelsOf(name),
      ports: [{ name: "http", port: 80, targetPort: "http", protocol: "TCP" }],
    },
  });
}

function budget(name: string): KubeObject {
  return partObject(name, {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    name,
    spec: {
      selector: { matchLabels: labelsOf(name) },
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: "AlwaysAllow",
    },
  });
}

function deployment(
  settings: Settings,
  upstream: { readonly name: string; readonly port: number },
) {
  const { name, replicas, spread } = settings;
  return partObject(name, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    name,
    spec: {
      replicas,
      revisionHistoryLimit: 2,
      selector: { matchLabels: labelsOf(name) },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: { labels: labelsOf(name) },
        spec: {
          ...UNPRIVILEGED_POD,
          ...spreadOf(spread, labelsOf(name)),
          terminationGracePeriodSeconds: GRACE_MS / 1_000,
          containers: [container(settings, upstream)],
        },
      },
    },
  });
}

function container(
  { timeoutMs, connections }: Settings,
  upstream: { readonly name: string; readonly port: number },
): object {
  const amounts = { cpu: "200m", memory: "96Mi" };
  const variables = {
    UPSTREAM_HOST: upstream.name,
    UPSTREAM_PORT: String(upstream.port),
    PORT: String(PORT),
    TIMEOUT_MS: String(Math.ceil(timeoutMs)),
    CONNECTIONS_MAX: String(connections),
    // Leaves a second of the grace for the process to end in.
    DRAIN_GRACE_MS: String(GRACE_MS - 1_000),
  };
  return {
    name: "relay",
    image: PROGRAMS_IMAGE,
    imagePullPolicy: "IfNotPresent",
    args: ["/app/workloads/programs/relay/main.ts"],
    env: [
      fromPod("POD_NAME", "metadata.name"),
      ...Object.entries(variables).map(([name, value]) => ({ name, value })),
    ],
    ports: [{ name: "http", containerPort: PORT, protocol: "TCP" }],
    resources: { requests: amounts, limits: { ...amounts, cpu: "500m" } },
    securityContext: UNPRIVILEGED_CONTAINER,
    readinessProbe: {
      httpGet: { path: "/health", port: PORT },
      periodSeconds: 2,
      timeoutSeconds: 1,
      failureThreshold: 2,
    },
  };
}
