import { at, listAt, type KubeObject } from "../model/json.ts";
import type { Plan } from "../model/plan.ts";
import { isClusterScoped } from "../model/scope.ts";
import { bringsNothing } from "./existing.ts";
import { RUN_LABEL } from "./inventory.ts";

/** What a run adds to the objects of its parts. */
export interface Binding {
  readonly run: string;
  readonly namespace: string;
  /** Full image references by the short names that parts use. */
  readonly images: Readonly<Record<string, string>>;
}

/** Where the parts of an experiment live. */
export function namespaceOf(plan: Plan): string {
  return `ninety-${plan.experiment}`;
}

/** All objects of a plan as they are applied, the run's namespace first; none if it has none. */
export function bindPlan(plan: Plan, binding: Binding): readonly KubeObject[] {
  if (bringsNothing(plan)) return [];
  const own: KubeObject = {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: binding.namespace },
  };
  const all = [own, ...plan.stack.flatMap(({ objects }) => objects)];
  return unique(all.map((object) => bind(object, binding)));
}

/** The first of each: several parts may bring the namespace that they share. */
function unique(objects: readonly KubeObject[]): readonly KubeObject[] {
  const seen = new Set<string>();
  return objects.filter(({ apiVersion, kind, metadata }) => {
    const key = `${apiVersion} ${kind} ${metadata.namespace ?? ""} ${metadata.name}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** One object with the run's label, its namespace and full image names. Pure. */
export function bind(object: KubeObject, binding: Binding): KubeObject {
  const { namespace = binding.namespace, ...metadata } = object.metadata;
  const labels = { ...metadata.labels, [RUN_LABEL]: binding.run };
  const bound: KubeObject = {
    ...object,
    metadata: {
      ...metadata,
      ...(isClusterScoped(object) ? {} : { namespace }),
      labels,
    },
  };
  return bindSpec(bindSubjects(bound, namespace), binding);
}

/** A binding's service accounts live where it lives, unless it says otherwise. */
function bindSubjects(object: KubeObject, namespace: string): KubeObject {
  if (!object.kind.endsWith("RoleBinding")) return object;
  const subjects = listAt(object, "subjects").map((subject) =>
    at(subject, "kind") === "ServiceAccount" ? { namespace, ...(subject as object) } : subject,
  );
  return { ...object, subjects };
}

type Fields = Readonly<Record<string, unknown>>;
const fieldsAt = (value: unknown, key: string): Fields | null => {
  const found = at(value, key);
  return typeof found === "object" && found !== null && !Array.isArray(found)
    ? (found as Fields)
    : null;
};

function bindSpec(object: KubeObject, binding: Binding): KubeObject {
  const spec = fieldsAt(object, "spec");
  if (!spec) return object;
  if (object.kind === "Pod") return { ...object, spec: bindContainers(spec, binding) };
  const job = fieldsAt(spec, "jobTemplate");
  const jobSpec = fieldsAt(job, "spec");
  if (job && jobSpec) {
    const inner = { ...job, spec: bindTemplate(jobSpec, binding) };
    return { ...object, spec: { ...spec, jobTemplate: inner } };
  }
  return { ...object, spec: bindTemplate(spec, binding) };
}

function bindTemplate(spec: Fields, binding: Binding): Fields {
  const template = fieldsAt(spec, "template");
  const podSpec = fieldsAt(template, "spec");
  if (!template || !podSpec) return spec;
  const metadata = fieldsAt(template, "metadata") ?? {};
  const labels = { ...fieldsAt(metadata, "labels"), [RUN_LABEL]: binding.run };
  return {
    ...spec,
    template: {
      ...template,
      metadata: { ...metadata, labels },
      spec: bindContainers(podSpec, binding),
    },
  };
}

function bindContainers(podSpec: Fields, { images }: Binding): Fields {
  const kinds = ["initContainers", "containers"].filter((key) => Array.isArray(podSpec[key]));
  const bound = kinds.map((key) => [
    key,
    listAt(podSpec, key).map((container) => {
      const full = images[String(at(container, "image"))];
      return full === undefined ? container : { ...(container as object), image: full };
    }),
  ]);
  return { ...podSpec, ...(Object.fromEntries(bound) as Fields) };
}
