import type { KubeObject } from "../../src/model/json.ts";
import { partObject } from "./objects.ts";

const FILE = "models.config";
const FOLDER = "/etc/model-server";
const VERSIONS_MAX = 8;
const LABEL_PATTERN = /^[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$/;
const LABEL_RULE = "1 to 63 of letters, digits, '-', '_' and '.'";

/** What is served by configuration. */
export interface ServedVersions {
  readonly versions: readonly number[];
  readonly labels: Readonly<Record<string, number>>;
}

export interface WrittenVersions {
  /**
   * Versions that are served at once, in place of `version`: 1 to 8, in a ConfigMap. When that is
   * changed, running pods load what is new and then unload what is gone. Probes that name a
   * version name the first.
   */
  readonly versions?: readonly number[];
  /** Names of versions, asked for as `/labels/<name>`: `{ stable: 1, canary: 2 }`. Default: none. */
  readonly labels?: Readonly<Record<string, number>>;
}

/** null: not by configuration. */
export function readVersions(
  path: string,
  { versions, labels }: { readonly [K in keyof WrittenVersions]: unknown },
  problems: string[],
): ServedVersions | null {
  if (versions === undefined) {
    if (labels !== undefined) problems.push(`${path}.labels must come with versions, got none`);
    return null;
  }
  const listed: readonly unknown[] = Array.isArray(versions) ? versions : [];
  const numbers = listed.filter(
    (one): one is number => typeof one === "number" && Number.isSafeInteger(one) && one >= 1,
  );
  const isList = numbers.length === listed.length && new Set(numbers).size === numbers.length;
  if (!isList || numbers.length === 0 || numbers.length > VERSIONS_MAX) {
    const rule = `a list of 1 to ${VERSIONS_MAX} versions, each once`;
    problems.push(`${path}.versions must be ${rule}, got ${JSON.stringify(versions)}`);
  }
  return { versions: numbers, labels: readLabels(`${path}.labels`, labels, numbers, problems) };
}

function readLabels(
  path: string,
  written: unknown,
  versions: readonly number[],
  problems: string[],
): Readonly<Record<string, number>> {
  if (typeof (written ?? {}) !== "object") {
    problems.push(`${path} must be an object, got ${JSON.stringify(written)}`);
    return {};
  }
  const labels = Object.entries((written ?? {}) as Readonly<Record<string, number>>);
  for (const [label, version] of labels) {
    if (!LABEL_PATTERN.test(label)) {
      problems.push(`${path} must be named by ${LABEL_RULE}, got ${JSON.stringify(label)}`);
    }
    if (!versions.includes(version)) {
      const rule = `must be one of versions (${versions.join(", ")})`;
      problems.push(`${path}.${label} ${rule}, got ${JSON.stringify(version)}`);
    }
  }
  return Object.fromEntries(labels);
}

/** TensorFlow Serving's model config list as JSON, with its field names. */
export function versionsConfig(
  part: string,
  model: { readonly name: string; readonly basePath: string },
  { versions, labels }: ServedVersions,
): KubeObject {
  const config = {
    name: model.name,
    base_path: model.basePath,
    model_version_policy: { specific: { versions } },
    version_labels: labels,
  };
  return partObject(part, {
    apiVersion: "v1",
    kind: "ConfigMap",
    name: nameOf(part),
    data: { [FILE]: `${JSON.stringify({ model_config_list: { config: [config] } }, null, 2)}\n` },
  });
}

/** A folder and not a file of it: the kubelet never replaces a single file that is mounted. */
export function versionsVolume(part: string): {
  readonly volume: object;
  readonly mount: object;
  readonly environment: Readonly<Record<string, string>>;
} {
  const name = "models";
  return {
    volume: { name, configMap: { name: nameOf(part) } },
    mount: { name, mountPath: FOLDER, readOnly: true },
    environment: { MODEL_CONFIG_FILE: `${FOLDER}/${FILE}` },
  };
}

function nameOf(part: string): string {
  return `${part}-models`;
}
