import { count, optional, read, text, type Written } from "../../src/model/fields.ts";
import { at, listAt, numberAt, textAt, type KubeObject } from "../../src/model/json.ts";
import type { PlannedPart } from "../../src/model/plan.ts";
import { isClusterScoped } from "../../src/model/scope.ts";
import type { FilePath, GpuWorkload, Workload } from "../../src/ports/author.ts";
import { readManifests, type Manifest } from "../manifests/read-manifests.ts";
import { NAME_PATTERN, NAME_RULE, nothingPlanned } from "./objects.ts";
import { readRequest, type RequestOptions } from "./request.ts";

type Labels = Readonly<Record<string, string>>;

const WORKLOADS = ["Deployment", "StatefulSet", "DaemonSet"];
const GPU_RESOURCE = "nvidia.com/gpu";

const FIELDS = {
  service: optional(text({ about: "Service that clients use, where there are several" })),
  port: optional(
    count({ about: "its port that clients use, where it has several", min: 1, max: 65_535 }),
  ),
  name: optional(
    text({
      about: "name of the part; that of the Service if left out",
      pattern: NAME_PATTERN,
      rule: NAME_RULE,
    }),
  ),
  gpus: optional(
    count({ about: "GPUs of each pod, where faults meet them: as it is written", min: 1, max: 16 }),
  ),
};

export type ManifestsOptions = Omit<Written<typeof FIELDS>, "gpus"> & {
  readonly request: RequestOptions;
};

/**
 * A service whose objects lie in YAML files: `"./k8s"` from the working folder, or
 * `new URL("./k8s", import.meta.url)`; a folder or a file, at most 200 files and 1000 objects.
 * They are read now and applied in the run's namespace; clients ask the Service for `request`, and
 * faults meet the pods that it selects and their nodes. A problem names file, line, rule and value.
 */
export function manifests(
  path: FilePath,
  options: ManifestsOptions & { readonly gpus: number },
): GpuWorkload;
export function manifests(path: FilePath, options: ManifestsOptions): Workload;
export function manifests(
  path: FilePath,
  options: ManifestsOptions & { readonly gpus?: number },
): GpuWorkload | Workload {
  const problems: string[] = [];
  const { request: written, ...rest } = options as Partial<typeof options>;
  const settings = read("manifests", FIELDS, rest, problems);
  const request = readRequest("manifests.request", written, problems);
  const found = readManifests(typeof path === "string" ? path : path.href);
  problems.push(...found.problems, ...foreign(found.manifests), ...twice(found.manifests));
  const objects = found.manifests.map(({ object }) => object);
  // What a broken file holds is not known, so nothing is said of what is missing.
  const served = found.problems.length > 0 ? null : serviceOf(objects, settings, problems);
  const name = settings.name ?? settings.service ?? served?.service.name;
  const part = typeof name === "string" && name !== "" ? name.slice(0, 40) : "manifests";
  const planned: PlannedPart =
    problems.length > 0 || served === null || request === null
      ? nothingPlanned(part)
      : { part, objects, ...served, request };
  const workload: Workload = {
    part,
    planned,
    problems,
    pods: { part, kind: "pod" },
    nodes: { part, kind: "node" },
  };
  return options.gpus === undefined ? workload : { ...workload, gpus: { part, kind: "gpu" } };
}

/** A run answers for what is in its own namespace, and has no other. */
function foreign(all: readonly Manifest[]): readonly string[] {
  return all.flatMap(({ object, where }) => {
    const { name, namespace } = object.metadata;
    if (isClusterScoped(object)) {
      return [`${where}: must be an object of a namespace, got ${object.kind} ${name}`];
    }
    if (namespace === undefined) return [];
    return [
      `${where}: metadata.namespace must be left out, as each run has its own, got ${namespace}`,
    ];
  });
}

function twice(all: readonly Manifest[]): readonly string[] {
  const seen = new Map<string, string>();
  return all.flatMap(({ object: { apiVersion, kind, metadata }, where }) => {
    const key = `${apiVersion} ${kind} ${metadata.name}`;
    const before = seen.get(key);
    if (before === undefined) seen.set(key, where);
    return before === undefined
      ? []
      : [`${where}: must be written once, got ${kind} ${metadata.name} at ${before} too`];
  });
}

interface Settings {
  readonly service?: string | undefined;
  readonly port?: number | undefined;
  readonly gpus?: number | undefined;
}
interface Served extends Pick<PlannedPart, "selector" | "replicas" | "gpusPerPod"> {
  readonly service: { readonly name: string; readonly port: number };
}

/** The Service that clients use and what is behind it; null, and told, where there is none. */
function serviceOf(
  objects: readonly KubeObject[],
  settings: Settings,
  problems: string[],
): Served | null {
  const services = objects.filter(
    ({ apiVersion, kind }) => kind === "Service" && apiVersion === "v1",
  );
  const names = services.map(({ metadata }) => metadata.name);
  const wanted = settings.service ?? (names.length === 1 ? names[0] : undefined);
  const service = services.find(({ metadata }) => metadata.name === wanted);
  if (!service) {
    problems.push(
      names.length === 0
        ? "manifests must have a Service, got none"
        : `manifests.service must be one of ${names.join(", ")}, got ${wanted ?? "none"}`,
    );
    return null;
  }
  const { name } = service.metadata;
  if (
    textAt(service, "spec", "clusterIP") === "None" ||
    textAt(service, "spec", "type") === "ExternalName"
  ) {
    problems.push(`Service ${name} must have a cluster IP, got a headless or external one`);
  }
  const port = portOf(service, settings.port, problems);
  const labels = (at(service, "spec", "selector") ?? {}) as Labels;
  const selector = Object.entries(labels)
    .map((pair) => pair.join("="))
    .join(",");
  const behind = objects.filter(
    (object) => WORKLOADS.includes(object.kind) && selector !== "" && isMet(labels, object),
  );
  if (behind.length === 0) {
    problems.push(
      `Service ${name} must select pods of a ${WORKLOADS.join(", ")}, ` +
        `got the selector ${selector || "that selects nothing"}`,
    );
  }
  const gpusPerPod = gpusOf(behind, settings.gpus, problems);
  return { selector, replicas: replicasOf(behind, objects), gpusPerPod, service: { name, port } };
}

function isMet(selector: Labels, workload: KubeObject): boolean {
  const own = (at(workload, "spec", "template", "metadata", "labels") ?? {}) as Labels;
  return Object.entries(selector).every(([key, value]) => own[key] === value);
}

function portOf(service: KubeObject, wanted: number | undefined, problems: string[]): number {
  const ports = listAt(service, "spec", "ports").flatMap((one) => numberAt(one, "port") ?? []);
  const [only] = ports;
  if (wanted === undefined && ports.length === 1 && only !== undefined) return only;
  if (wanted === undefined || !ports.includes(wanted)) {
    problems.push(
      `manifests.port must be a port of Service ${service.metadata.name} ` +
        `(${ports.join(", ") || "it has none"}), got ${wanted ?? "none"}`,
    );
  }
  return wanted ?? 0;
}

/** Null: as many as there are nodes, or as an autoscaler wants. */
function replicasOf(
  workloads: readonly KubeObject[],
  objects: readonly KubeObject[],
): number | null {
  const scales = objects.some(({ kind }) => kind === "HorizontalPodAutoscaler");
  if (scales || workloads.some(({ kind }) => kind === "DaemonSet")) return null;
  return workloads.reduce((sum, one) => sum + (numberAt(one, "spec", "replicas") ?? 1), 0);
}

function gpusOf(
  workloads: readonly KubeObject[],
  wanted: number | undefined,
  problems: string[],
): number {
  const counts = workloads.map((workload) =>
    listAt(workload, "spec", "template", "spec", "containers").reduce<number>(
      (sum, one) => sum + (numberAt(one, "resources", "limits", GPU_RESOURCE) ?? 0),
      0,
    ),
  );
  const [gpus = 0] = counts;
  if (counts.some((one) => one !== gpus)) {
    problems.push(`pods of one Service must have as many GPUs each, got ${counts.join(", ")}`);
  }
  if (wanted !== undefined && workloads.length > 0 && wanted !== gpus) {
    problems.push(`manifests.gpus must be as the pods have it (${gpus}), got ${wanted}`);
  }
  return gpus;
}
