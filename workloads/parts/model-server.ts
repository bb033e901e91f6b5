import { choice, count, duration, flag, optional, read, text } from "../../src/model/fields.ts";
import type { Read, Written } from "../../src/model/fields.ts";
import type { KubeObject } from "../../src/model/json.ts";
import type { PlannedPart } from "../../src/model/plan.ts";
import type { GpuWorkload, Workload } from "../../src/ports/author.ts";
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
import {
  readVersions,
  type ServedVersions,
  versionsConfig,
  versionsVolume,
  type WrittenVersions,
} from "./model-versions.ts";
import { GRACE_MS, PROBE_PROFILES, probesOf } from "./probes.ts";
import { autoscaler, readScale, type Scale, type ScaleOptions } from "./scale.ts";
import { leaveLostNode, spreadOf, SPREADS } from "./spread.ts";

const MODEL = "mlp";
const BASE_PATH = `/app/workloads/models/${MODEL}`;
const PORT = 8501;
const GPU = "nvidia.com/gpu";
/** One more than the replicas while a rollout goes on. */
const SURGE = 1;
/** What one pod may use, whatever it asks for. */
const CPU_LIMIT = "500m";
/** A load without a delay that takes longer has failed. */
const LOAD_LIMIT_MS = 120_000;

const FIELDS = {
  replicas: optional(count({ about: "pods wanted; left out where they scale", min: 1, max: 50 })),
  probes: choice(PROBE_PROFILES, { about: "what the kubelet asks" }),
  spread: choice(SPREADS, { about: "how replicas are kept apart", default: "none" }),
  name: text({
    about: "name of the part, its objects and its Service",
    default: "server",
    pattern: NAME_PATTERN,
    rule: NAME_RULE,
  }),
  gpus: optional(count({ about: "GPUs of each pod; without it a pod has none", min: 1, max: 8 })),
  grace: optional(
    duration({ about: "how long a pod may take to end; by probes if left out", max: "10m" }),
  ),
  tolerations: optional(
    duration({ about: "how long a pod stays on a lost node; 300s if left out", max: "1h" }),
  ),
  strict: flag({ about: "start and tell the status as TensorFlow Serving does", default: false }),
  version: count({ about: "version of the model that is served", min: 1, default: 1 }),
  loadDelay: duration({ about: "how much longer the model loads", max: "10m", default: "0ms" }),
  cpu: text({
    about: "CPU that a pod asks for; it may use 500m",
    default: CPU_LIMIT,
    pattern: /^([1-9]\d|[1-4]\d\d|500)m$/,
    rule: "10m to 500m",
  }),
  quota: flag({ about: "limit the GPUs of the namespace to what the part needs", default: true }),
};
const BATCH = {
  max: count({ about: "rows of one run", min: 2, max: 256 }),
  delay: duration({ about: "how long a request waits for others", min: "1ms", max: "1s" }),
};
const DISRUPTION = {
  minAvailable: count({ about: "pods that an eviction must leave", min: 0, max: 50 }),
};

type Settings = Read<typeof FIELDS> & {
  readonly scale: Scale | null;
  readonly minAvailable: number | null;
  readonly batch: Read<typeof BATCH> | null;
  readonly configured: ServedVersions | null;
};

export type ModelServerOptions = Omit<Written<typeof FIELDS>, "gpus"> &
  WrittenVersions & {
    /** What evictions must leave. Default: one pod may be missing. */
    readonly disruption?: Written<typeof DISRUPTION>;
    /** In place of `replicas`: as many pods as keep their CPU use at `cpu` of what they ask for. */
    readonly scale?: ScaleOptions;
    /** Joins requests that wait into runs of at most `max` rows. Default: one run each. */
    readonly batch?: Written<typeof BATCH>;
  };

/**
 * Pods that serve the model over REST (port 80 of the Service), each with so many GPUs: Deployment,
 * Service, disruption budget and quota, and an autoscaler with `scale`. Defaults: `spread: "none"`,
 * `name: "server"`, `grace` 10s with deep probes and 30s otherwise, `tolerations` upstream's 300s,
 * `strict: false`, `version: 1`, `loadDelay: "0ms"`, `cpu: "500m"`, `quota: true`. Pods of one
 * `version` carry it as label `version: v1`, for meshes to split by; `versions` stand in a ConfigMap
 * that running pods follow. The quota counts all GPUs of the namespace: where two parts with GPUs
 * are in one stack, both need `quota: false`. A problem names field, rule and value.
 */
export function modelServer(
  options: ModelServerOptions & { readonly gpus: 1 | 2 | 4 | 8 },
): GpuWorkload;
export function modelServer(options: ModelServerOptions): Workload;
export function modelServer(
  options: ModelServerOptions & { readonly gpus?: number },
): GpuWorkload | Workload {
  const problems: string[] = [];
  const settings = readSettings(options, problems);
  const part = problems.length === 0 ? settings.name : nameIn(options);
  const planned = problems.length === 0 ? plan(settings) : nothingPlanned(part);
  const workload: Workload = {
    part,
    planned,
    problems,
    pods: { part, kind: "pod" },
    nodes: { part, kind: "node" },
  };
  return options.gpus === undefined ? workload : { ...workload, gpus: { part, kind: "gpu" } };
}

/** The name that handles carry even where other options are wrong. */
function nameIn(options: unknown): string {
  const name = (options as { name?: unknown } | null)?.name;
  return typeof name === "string" && NAME_PATTERN.test(name) ? name : "server";
}

function readSettings(options: ModelServerOptions, problems: string[]): Settings {
  const path = "modelServer";
  const { disruption, scale: written, batch, versions, labels, ...rest } = options;
  const settings = read(path, FIELDS, rest, problems);
  const scale = written === undefined ? null : readScale(`${path}.scale`, written, problems);
  if (
    (settings.replicas === undefined) === (scale === null) &&
    rest.replicas === settings.replicas
  ) {
    const got = scale === null ? "neither" : "both";
    problems.push(`${path} must have one of replicas and scale, got ${got}`);
  }
  const least = scale?.min ?? settings.replicas ?? 0;
  const budget =
    disruption === undefined
      ? null
      : read(`${path}.disruption`, DISRUPTION, disruption, problems).minAvailable;
  if (budget !== null && budget > least) {
    const name = scale === null ? "replicas" : "scale.min";
    problems.push(
      `${path}.disruption.minAvailable must be at most ${name}, got ${budget} of ${least}`,
    );
  }
  const joining = batch === undefined ? null : read(`${path}.batch`, BATCH, batch, problems);
  if (versions !== undefined && rest.version !== undefined) {
    problems.push(`${path} must have version or versions, got both`);
  }
  const configured = readVersions(path, { versions, labels }, problems);
  return { ...settings, scale, minAvailable: budget, batch: joining, configured };
}

function plan(settings: Settings): PlannedPart {
  const { name, gpus = 0, quota, replicas, scale, configured } = settings;
  const most = scale?.max ?? replicas ?? 0;
  return {
    part: name,
    // The quota first: it must be counted before the first pod asks.
    objects: [
      ...(gpus > 0 && quota ? [gpuQuota(name, (most + SURGE + 1) * gpus)] : []),
      service(name),
      disruptionBudget(settings),
      ...(configured === null
        ? []
        : [versionsConfig(name, { name: MODEL, basePath: BASE_PATH }, configured)]),
      deployment(settings),
      ...(scale === null ? [] : [autoscaler(name, scale)]),
    ],
    selector: selectorOf(name),
    replicas: replicas ?? null,
    gpusPerPod: gpus,
    service: { name, port: 80 },
  };
}

/** A pod that is terminating is charged until its grace is over: hence one more than the surge. */
function gpuQuota(name: string, gpus: number): KubeObject {
  return partObject(name, {
    apiVersion: "v1",
    kind: "ResourceQuota",
    name: `${name}-gpus`,
    spec: { hard: { [`requests.${GPU}`]: String(gpus) } },
  });
}

function service(name: string): KubeObject {
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

function disruptionBudget({ name, minAvailable }: Settings): KubeObject {
  return partObject(name, {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    name,
    spec: {
      selector: { matchLabels: labelsOf(name) },
      ...(minAvailable === null ? { maxUnavailable: 1 } : { minAvailable }),
      // A pod that is not Ready protects nobody: it may always be moved.
      unhealthyPodEvictionPolicy: "AlwaysAllow",
    },
  });
}

function deployment(settings: Settings): KubeObject {
  const { name, replicas, version, configured } = settings;
  // Not where the version is configured: a switch of the file would make the label a lie.
  const versionLabel = configured === null ? { version: `v${version}` } : {};
  return partObject(name, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    name,
    spec: {
      // Where they scale the autoscaler owns the number: applying one would fight it.
      ...(replicas === undefined ? {} : { replicas }),
      revisionHistoryLimit: 2,
      selector: { matchLabels: labelsOf(name) },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: SURGE, maxUnavailable: 0 } },
      template: {
        metadata: { labels: { ...labelsOf(name), ...versionLabel } },
        spec: {
          ...UNPRIVILEGED_POD,
          ...spreadOf(settings.spread, labelsOf(name)),
          ...leaveLostNode(settings.tolerationsMs),
          terminationGracePeriodSeconds: Math.ceil(graceMs(settings) / 1_000),
          containers: [container(settings)],
          ...(configured === null ? {} : { volumes: [versionsVolume(name).volume] }),
        },
      },
    },
  });
}

function graceMs({ graceMs, probes }: Settings): number {
  return graceMs ?? GRACE_MS[probes];
}

/**
 * Requests equal limits: quality of service Guaranteed, last in line when a node runs short. Not
 * where the author asks for less CPU: what is used above it is what an autoscaler answers to.
 */
function container(settings: Settings): object {
  const { name, gpus = 0, probes, version, strict, loadDelayMs, cpu, batch, configured } = settings;
  const mounted = configured === null ? null : versionsVolume(name);
  const others = { memory: "256Mi", ...(gpus > 0 ? { [GPU]: String(gpus) } : {}) };
  const variables = {
    MODEL_NAME: MODEL,
    MODEL_BASE_PATH: BASE_PATH,
    ...(mounted?.environment ?? { MODEL_VERSION: String(version) }),
    PORT: String(PORT),
    STRICT: String(strict),
    // Only where probes look deep enough to see what the watchdog would end the process for.
    WATCHDOG: String(probes === "deep"),
    LOAD_DELAY_MS: String(loadDelayMs),
    LOAD_LIMIT_MS: String(loadDelayMs + LOAD_LIMIT_MS),
    ...(batch === null
      ? {}
      : { JOIN_ROWS_MAX: String(batch.max), JOIN_DELAY_MS: String(Math.ceil(batch.delayMs)) }),
    // Leaves a second of the grace for the process to end in.
    DRAIN_GRACE_MS: String(Math.max(0, graceMs(settings) - 1_000)),
  };
  return {
    name: "server",
    image: PROGRAMS_IMAGE,
    imagePullPolicy: "IfNotPresent",
    args: ["/app/workloads/programs/model-server/main.ts"],
    env: [
      fromPod("POD_NAME", "metadata.name"),
      fromPod("NODE_NAME", "spec.nodeName"),
      ...Object.entries(variables).map(([name, value]) => ({ name, value })),
    ],
    ports: [{ name: "http", containerPort: PORT, protocol: "TCP" }],
    resources: { requests: { cpu, ...others }, limits: { cpu: CPU_LIMIT, ...others } },
    securityContext: UNPRIVILEGED_CONTAINER,
    ...(mounted === null ? {} : { volumeMounts: [mounted.mount] }),
    ...probesOf(probes, {
      name: MODEL,
      version: configured?.versions[0] ?? version,
      port: PORT,
      loadDelayMs,
    }),
  };
}
