import { artifactName, utf8Bytes } from "../model/artifact.ts";
import { messageOf } from "../model/error.ts";
import { at, listAt, numberAt, textAt, type KubeObject } from "../model/json.ts";
import type { Api } from "../ports/api.ts";
import type { Clock } from "../ports/clock.ts";
import type { ArtifactKeeper } from "./artifacts-keep.ts";
import { bounded } from "./crew.ts";

const TAIL_LINES = 5_000;
/** Where they are too long: the server would cut off the end, not the head. */
const TAIL_LINES_LONG = 200;
const LIMIT_BYTES = 4 * 2 ** 20;
const READ_MAX_MS = 5_000;

export interface Reading {
  readonly api: Api;
  readonly clock: Clock;
  readonly keeper: ArtifactKeeper;
}

/** One container of a pod as its status tells it. */
export interface ContainerSeen {
  readonly name: string;
  readonly restarts: number;
  /** It runs or has run: there is a log. */
  readonly begun: boolean;
  /** It has ended, and is not started again yet. */
  readonly ended: boolean;
  /** It was started before: there is a log of that, too. */
  readonly hasPrevious: boolean;
}

export function containersOf(pod: KubeObject): readonly ContainerSeen[] {
  const kinds = ["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"];
  return kinds
    .flatMap((kind) => listAt(pod, "status", kind))
    .map((status) => {
      const ended = at(status, "state", "terminated") !== undefined;
      const restarts = numberAt(status, "restartCount") ?? 0;
      const hasPrevious = at(status, "lastState", "terminated") !== undefined;
      const runs = at(status, "state", "running") !== undefined;
      const name = textAt(status, "name");
      return { name, restarts, ended, begun: runs || ended || hasPrevious, hasPrevious };
    });
}

/** `logs/<namespace>/<pod>/<container>`. */
function folderOf({ metadata }: KubeObject, container: string): string {
  const parts = [metadata.namespace ?? "default", metadata.name, container].map(artifactName);
  return `logs/${parts.join("/")}`;
}

/** The log of one container goes to `<container><as>`; null: kept, else why it was not. */
export async function keepLog(
  reading: Reading,
  of: {
    readonly pod: KubeObject;
    readonly container: string;
    readonly previous: boolean;
    readonly as: string;
  },
  signal: AbortSignal,
): Promise<string | null> {
  const { pod, container, previous, as } = of;
  const path = folderOf(pod, container) + as;
  try {
    const bound = { what: `reading ${path}`, forMs: READ_MAX_MS, parent: signal };
    const { text, isWhole } = await bounded(reading.clock, bound, (signal) =>
      readLog(reading.api, { pod, container, previous }, signal),
    );
    await reading.keeper.text(path, text, isWhole ? 0 : null);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}

async function readLog(
  api: Api,
  of: { readonly pod: KubeObject; readonly container: string; readonly previous: boolean },
  signal: AbortSignal,
): Promise<{ readonly text: string; readonly isWhole: boolean }> {
  const { name, namespace = "default" } = of.pod.metadata;
  const container = encodeURIComponent(of.container);
  const read = async (lines: number): Promise<string> => {
    const query = `container=${container}&timestamps=true&limitBytes=${LIMIT_BYTES}`;
    const which = `${query}&tailLines=${lines}${of.previous ? "&previous=true" : ""}`;
    const path = `api/v1/namespaces/${namespace}/pods/${name}/log?${which}`;
    const { status, body } = await api.call({ method: "GET", path }, signal);
    if (status === 200) return body;
    throw new Error(`the server answered ${status}: ${body.slice(0, 200)}`);
  };
  const text = await read(TAIL_LINES);
  if (utf8Bytes(text) >= LIMIT_BYTES) return { text: await read(TAIL_LINES_LONG), isWhole: false };
  return { text, isWhole: text.split("\n").length <= TAIL_LINES };
}

/** What a pod's containers say now, and what they said before they were last started. */
export async function keepPodLogs(
  reading: Reading,
  pod: KubeObject,
  signal: AbortSignal,
): Promise<void> {
  for (const { name, begun, hasPrevious } of containersOf(pod)) {
    const { namespace = "default" } = pod.metadata;
    const what = `log of ${namespace}/${pod.metadata.name}, container ${name}`;
    if (!begun) reading.keeper.leave(what, "it never began");
    const wanted = [
      ...(begun ? [{ previous: false, as: ".log" }] : []),
      ...(hasPrevious ? [{ previous: true, as: ".previous.log" }] : []),
    ];
    for (const { previous, as } of wanted) {
      const why = await keepLog(reading, { pod, container: name, previous, as }, signal);
      if (why === null || signal.aborted) continue;
      // What was read while the pod was there stays.
      const had = reading.keeper.has(folderOf(pod, name) + as);
      reading.keeper.leave(`${what}${as}`, had ? `the last of it: ${why}` : why);
    }
  }
}
