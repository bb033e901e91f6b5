import { count, optional, read, text, type Written } from "../../src/model/fields.ts";
import type { GpuWorkload, Workload } from "../../src/ports/author.ts";
import { NAME_PATTERN, NAME_RULE, nothingPlanned } from "./objects.ts";
import { readRequest, type RequestOptions } from "./request.ts";

/** Kubernetes' own rule for a label, as `key=value`. */
const WORD = "[A-Za-z0-9]([\\w.-]{0,61}\\w)?";
const TERM = `([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?${WORD}=(${WORD})?`;
const SELECTOR = new RegExp(`^${TERM}(,${TERM})*$`);
const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const DNS_RULE = "1 to 63 of a-z, 0-9 and -";

const FIELDS = {
  namespace: text({ about: "namespace it is in", pattern: NAME, rule: DNS_RULE }),
  selector: text({
    about: "labels of its pods",
    pattern: SELECTOR,
    rule: "key=value,key=value",
  }),
  service: text({ about: "name of its Service", pattern: NAME, rule: DNS_RULE }),
  port: count({ about: "port of the Service that clients use", min: 1, max: 65_535 }),
  name: optional(
    text({
      about: "name of the part; that of the Service if left out",
      pattern: NAME_PATTERN,
      rule: NAME_RULE,
    }),
  ),
  replicas: optional(
    count({ about: "pods wanted; as many as there are if left out", min: 1, max: 1_000 }),
  ),
  gpus: optional(count({ about: "GPUs of each pod; none if left out", min: 1, max: 16 })),
};

export type ExistingOptions = Omit<Written<typeof FIELDS>, "gpus"> & {
  readonly request: RequestOptions;
};

/**
 * A service that is there already: pods in `namespace` that `selector` (`"app=web,tier=front"`)
 * selects, reached at `port` of `service`, asked for `request`. Nothing of it is applied,
 * relabelled or removed; faults meet its pods and their nodes. Needs a cluster that is up.
 * A problem names field, rule and value.
 */
export function existing(options: ExistingOptions & { readonly gpus: number }): GpuWorkload;
export function existing(options: ExistingOptions): Workload;
export function existing(
  options: ExistingOptions & { readonly gpus?: number },
): GpuWorkload | Workload {
  const problems: string[] = [];
  const { request: written, ...rest } = options as Partial<typeof options>;
  const settings = read("existing", FIELDS, rest, problems);
  const request = readRequest("existing.request", written, problems);
  const part = partName(settings.name ?? settings.service);
  const { namespace, selector, service, port, replicas, gpus } = settings;
  const planned =
    problems.length > 0 || request === null
      ? nothingPlanned(part)
      : {
          part,
          objects: [],
          selector,
          replicas: replicas ?? null,
          gpusPerPod: gpus ?? 0,
          service: { name: service, port },
          existing: { namespace },
          request,
        };
  const workload: Workload = {
    part,
    planned,
    problems,
    pods: { part, kind: "pod" },
    nodes: { part, kind: "node" },
  };
  return options.gpus === undefined ? workload : { ...workload, gpus: { part, kind: "gpu" } };
}

/** The name that handles carry even where the options are wrong. */
function partName(given: unknown): string {
  return typeof given === "string" && given !== "" ? given.slice(0, 40) : "existing";
}
