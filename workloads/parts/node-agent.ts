import { flag, read, text, type Written } from "../../src/model/fields.ts";
import { DEVICE_ROOT } from "../../src/model/device.ts";
import type { KubeObject } from "../../src/model/json.ts";
import type { Part } from "../../src/ports/author.ts";
import {
  fromPod,
  labelsOf,
  nothingPlanned,
  partObject,
  PROGRAMS_IMAGE,
  selectorOf,
  SYSTEM_NAMESPACE,
  systemNamespace,
} from "./objects.ts";

const PART = "node-agent";
const JOURNAL = "/var/lib/ninety/effects";
const EFFECTS = "/app/src/agents/effects";
const REPLACED = "node-agent-effect";

const MOUNT = {
  path: text({
    about: "folder of the node, mounted at the same path",
    pattern: /^(\/[A-Za-z0-9._-]+)+$/,
    rule: "an absolute path of letters, digits, '.', '_', '-'",
  }),
  readOnly: flag({ about: "whether the agent may only read it", default: false }),
};
const REPLACE = {
  effect: text({
    about: "kind of the effect whose program is replaced",
    pattern: /^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/,
    rule: "1 to 40 of a-z, 0-9 and -, beginning with a letter",
  }),
  source: text({ about: "the program's whole text" }),
};

type Replaced = Written<typeof REPLACE>;

export interface NodeAgentOptions {
  /** More folders of the node; they are made where they do not exist. */
  readonly mounts?: readonly Written<typeof MOUNT>[];
  /**
   * Puts other text in place of the program that carries out a kind of effect, or several: how an
   * experiment shows what happens when an effect is acknowledged and never there.
   */
  readonly replace?: Replaced | readonly Replaced[];
}

/**
 * The node agent on every node: a privileged DaemonSet in the node's pid namespace, which holds
 * effects and keeps their journal on the node. Nothing listens on a port.
 */
export function nodeAgent(options: NodeAgentOptions = {}): Part {
  const problems: string[] = [];
  const mounts = (options.mounts ?? []).map((mount, at) =>
    read(`nodeAgent.mounts[${at}]`, MOUNT, mount, problems),
  );
  const replaced = listed(options.replace).map(({ at, one }) =>
    read(`nodeAgent.replace${at}`, REPLACE, one, problems),
  );
  for (const key of Object.keys(options)) {
    if (key === "mounts" || key === "replace") continue;
    problems.push(`nodeAgent.${key} is not a field; known: mounts, replace`);
  }
  if (problems.length > 0) return { part: PART, planned: nothingPlanned(PART), problems };
  const folders = [
    { path: DEVICE_ROOT, readOnly: false },
    { path: JOURNAL, readOnly: false },
    ...mounts,
  ];
  const planned = {
    part: PART,
    objects: [
      systemNamespace(PART),
      ...(replaced.length === 0 ? [] : [replacement(replaced)]),
      daemonSet(folders, replaced),
    ],
    selector: selectorOf(PART),
    replicas: null,
    gpusPerPod: 0,
    service: null,
  };
  return { part: PART, planned, problems };
}

type Replace = { readonly effect: string; readonly source: string };

/** Each with its place in what was written, for messages. */
function listed(
  written: NodeAgentOptions["replace"],
): readonly { readonly at: string; readonly one: Replaced }[] {
  if (written === undefined) return [];
  // Anybody's code: what is no list is read, and refused, as one.
  if (!Array.isArray(written)) return [{ at: "", one: written as Replaced }];
  return (written as readonly Replaced[]).map((one, nth) => ({ at: `[${nth}]`, one }));
}

function replacement(all: readonly Replace[]): KubeObject {
  return partObject(PART, {
    apiVersion: "v1",
    kind: "ConfigMap",
    name: REPLACED,
    namespace: SYSTEM_NAMESPACE,
    data: Object.fromEntries(all.map(({ effect, source }) => [`${effect}.ts`, source])),
  });
}

/** FNV-1a, 32 bits: tells texts apart so that another text is another pod. */
function textHash(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return (hash >>> 0).toString(16).padStart(8, "0");
}

function daemonSet(
  folders: readonly { readonly path: string; readonly readOnly: boolean }[],
  replaced: readonly Replace[],
): KubeObject {
  const nodeFolders = folders.map(({ path, readOnly }, at) => ({
    volume: { name: `node-${at}`, hostPath: { path, type: "DirectoryOrCreate" } },
    mount: { name: `node-${at}`, mountPath: path, readOnly },
  }));
  const programs = replaced.map(({ effect }) => ({
    name: "replaced",
    mountPath: `${EFFECTS}/${effect}.ts`,
    subPath: `${effect}.ts`,
    readOnly: true,
  }));
  const texts = { name: "replaced", configMap: { name: REPLACED } };
  const socket = {
    volume: { name: "socket", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } },
    mount: { name: "socket", mountPath: "/run/ninety", readOnly: false },
  };
  const all = [...nodeFolders, socket];
  const container = {
    name: "agent",
    image: PROGRAMS_IMAGE,
    imagePullPolicy: "IfNotPresent",
    args: ["/app/src/agents/init.ts"],
    env: [fromPod("NODE_NAME", "spec.nodeName"), fromPod("POD_NAME", "metadata.name")],
    resources: { requests: { cpu: "20m", memory: "64Mi" } },
    securityContext: { privileged: true, runAsUser: 0 },
    volumeMounts: [...all.map(({ mount }) => mount), ...programs],
  };
  const hashes = replaced.map(({ effect, source }) => `${effect}.ts ${textHash(source)}`);
  const annotations = replaced.length === 0 ? {} : { "ninety/replaced": hashes.join(", ") };
  return partObject(PART, {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    name: PART,
    namespace: SYSTEM_NAMESPACE,
    spec: {
      revisionHistoryLimit: 2,
      selector: { matchLabels: labelsOf(PART) },
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "100%" } },
      template: {
        metadata: { labels: labelsOf(PART), annotations },
        spec: {
          hostPID: true,
          priorityClassName: "system-node-critical",
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          tolerations: [{ operator: "Exists" }],
          terminationGracePeriodSeconds: 5,
          containers: [container],
          volumes: [...all.map(({ volume }) => volume), ...(replaced.length === 0 ? [] : [texts])],
        },
      },
    },
  });
}
