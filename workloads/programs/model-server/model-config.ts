import { at, listAt, numberAt, textAt } from "../../../src/model/json.ts";

/** Which of the versions in the base path are served. */
export type VersionPolicy =
  | { readonly kind: "latest"; readonly count: number }
  | { readonly kind: "all" }
  | { readonly kind: "specific"; readonly versions: readonly number[] };

/** What is to be served; labels are names of versions, for paths such as `/labels/stable`. */
export interface ModelConfig {
  readonly basePath: string;
  readonly policy: VersionPolicy;
  readonly labels: Readonly<Record<string, number>>;
}

/** More labels than this are not a configuration. */
const LABELS_MAX = 64;

/**
 * TensorFlow Serving's model_config_list as JSON with its field names, for this one model. Throws
 * an Error with every problem: field, rule, value.
 */
export function parseModelConfig(text: string, modelName: string): ModelConfig {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new Error(`must be JSON, got ${JSON.stringify(text.slice(0, 80))}`, { cause: error });
  }
  const problems: string[] = [];
  const configs = listAt(document, "model_config_list", "config");
  const path = "model_config_list.config";
  if (configs.length !== 1) problems.push(`${path} must be a list of one, got ${configs.length}`);
  const [config] = configs;
  known(config, `${path}[0]`, FIELDS, problems);
  const name = textAt(config, "name");
  if (name !== modelName) problems.push(`${path}[0].name must be ${modelName}, got "${name}"`);
  const basePath = textAt(config, "base_path");
  if (!basePath.startsWith("/")) {
    problems.push(`${path}[0].base_path must be an absolute path, got "${basePath}"`);
  }
  const read = {
    basePath,
    policy: policyOf(at(config, "model_version_policy"), `${path}[0]`, problems),
    labels: labelsOf(at(config, "version_labels"), `${path}[0].version_labels`, problems),
  };
  if (problems.length > 0) throw new Error(problems.join("; "));
  return read;
}

const FIELDS = ["name", "base_path", "model_platform", "model_version_policy", "version_labels"];

function known(value: unknown, path: string, fields: readonly string[], problems: string[]): void {
  for (const key of Object.keys(Object(value) as object)) {
    if (fields.includes(key)) continue;
    problems.push(`${path}.${key} is not a field; known: ${fields.join(", ")}`);
  }
}

function policyOf(written: unknown, parent: string, problems: string[]): VersionPolicy {
  const path = `${parent}.model_version_policy`;
  if (written === undefined) return { kind: "latest", count: 1 };
  const kinds = Object.keys(Object(written) as object);
  const [kind] = kinds;
  if (kinds.length === 1 && kind === "all") return { kind };
  if (kinds.length === 1 && kind === "latest") {
    const count = numberAt(written, "latest", "num_versions") ?? 1;
    if (!isVersion(count)) problems.push(`${path}.latest.num_versions ${AT_LEAST_ONE}${count}`);
    return { kind, count };
  }
  if (kinds.length === 1 && kind === "specific") {
    const versions = listAt(written, "specific", "versions").map(Number);
    if (versions.length === 0 || !versions.every(isVersion)) {
      const got = JSON.stringify(at(written, "specific", "versions"));
      problems.push(`${path}.specific.versions must be a list of versions, got ${got}`);
    }
    return { kind, versions };
  }
  const got = JSON.stringify(written);
  problems.push(`${path} must be one of latest, all, specific, got ${got}`);
  return { kind: "all" };
}

const AT_LEAST_ONE = "must be a whole number of at least 1, got ";

function isVersion(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1;
}

function labelsOf(
  written: unknown,
  path: string,
  problems: string[],
): Readonly<Record<string, number>> {
  const entries = Object.entries(Object(written ?? {}) as object);
  if (entries.length > LABELS_MAX) {
    problems.push(`${path} must be at most ${LABELS_MAX} labels, got ${entries.length}`);
  }
  const labels = entries.map(([label, value]) => [label, Number(value)] as const);
  for (const [label, version] of labels) {
    if (!isVersion(version)) problems.push(`${path}.${label} ${AT_LEAST_ONE}${version}`);
  }
  return Object.fromEntries(labels);
}

/** Those of the versions, newest first, that the policy wants. */
export function chosen<T extends { readonly version: number }>(
  policy: VersionPolicy,
  newestFirst: readonly T[],
): readonly T[] {
  switch (policy.kind) {
    case "all":
      return newestFirst;
    case "latest":
      return newestFirst.slice(0, policy.count);
    case "specific":
      return newestFirst.filter(({ version }) => policy.versions.includes(version));
  }
}
