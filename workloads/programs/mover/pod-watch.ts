import { setTimeout as sleep } from "node:timers/promises";
import { listAt, numberAt, textAt } from "../../../src/model/json.ts";
import type { Log } from "../shared/log.ts";
import { call, lines, type KubeAccess } from "./kube-client.ts";
import { watchedPod, type WatchedPod } from "./watched-pod.ts";

/** The server ends a watch after so long, and the next one goes on where it ended. */
const WATCH_S = 15;
/** A watch that says nothing for longer than it may last is dead. */
const SILENCE_MS = 20_000;
const RETRY_FIRST_MS = 250;
const RETRY_LAST_MS = 8_000;

export interface PodWatch {
  /** All pods, after every change. */
  readonly onPods: (pods: readonly WatchedPod[]) => void;
  /** Changes may be missed from now on, until `onPods` is called again. */
  readonly onGap: (why: string) => void;
  readonly log: Log;
}

/**
 * Lists and watches the pods that `selector` matches, until the signal aborts; retries for ever.
 */
export async function watchPods(
  access: KubeAccess,
  of: { readonly namespace: string; readonly selector: string },
  watch: PodWatch,
  signal: AbortSignal,
): Promise<void> {
  const path = `/api/v1/namespaces/${of.namespace}/pods?labelSelector=${encodeURIComponent(of.selector)}`;
  let retryMs = RETRY_FIRST_MS;
  while (!signal.aborted) {
    try {
      const pods = new Map<string, WatchedPod>();
      let version = await list(access, path, pods, signal);
      retryMs = RETRY_FIRST_MS;
      watch.log("listed", { pods: pods.size });
      watch.onPods([...pods.values()]);
      while (!signal.aborted) version = await follow(access, path, version, pods, watch, signal);
    } catch (error) {
      if (signal.aborted) return;
      watch.onGap(error instanceof Error ? error.message : String(error));
      await sleep(retryMs, undefined, { signal }).catch(() => {});
      retryMs = Math.min(RETRY_LAST_MS, retryMs * 2);
    }
  }
}

async function list(
  access: KubeAccess,
  path: string,
  pods: Map<string, WatchedPod>,
  signal: AbortSignal,
): Promise<string> {
  const { status, body } = await call(access, { method: "GET", path }, signal);
  if (status !== 200) throw new Error(`GET ${path}: ${status}: ${body.slice(0, 300)}`);
  const found: unknown = JSON.parse(body);
  for (const item of listAt(found, "items")) keep(pods, item);
  return textAt(found, "metadata", "resourceVersion");
}

function keep(pods: Map<string, WatchedPod>, object: unknown): void {
  const pod = watchedPod(object);
  pods.set(pod.uid, pod);
}

/** One watch, to its end; answers the version to go on from. Throws when that is lost. */
async function follow(
  access: KubeAccess,
  path: string,
  since: string,
  pods: Map<string, WatchedPod>,
  watch: PodWatch,
  signal: AbortSignal,
): Promise<string> {
  let version = since;
  const query = `&watch=1&allowWatchBookmarks=true&timeoutSeconds=${WATCH_S}&resourceVersion=`;
  for await (const line of lines(access, `${path}${query}${since}`, SILENCE_MS, signal)) {
    const { type, object } = JSON.parse(line) as { type: string; object: unknown };
    if (type === "ERROR") {
      throw new Error(`watch: ${numberAt(object, "code")}: ${textAt(object, "message")}`);
    }
    version = textAt(object, "metadata", "resourceVersion") || version;
    if (type === "BOOKMARK") continue;
    if (type === "DELETED") pods.delete(textAt(object, "metadata", "uid"));
    else keep(pods, object);
    watch.onPods([...pods.values()]);
  }
  return version;
}
