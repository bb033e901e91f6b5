// Parts on a local cluster that came up through the front door, and what became of their pods.
import { monotonicUs, realClock } from "../../src/cli/clock.ts";
import { runningLocal } from "../../src/cli/compose.ts";
import { applyAll } from "../../src/kernel/deploy.ts";
import { bind } from "../../src/kernel/bind.ts";
import { at, listAt, numberAt, textAt, type KubeObject } from "../../src/model/json.ts";
import type { Part } from "../../src/ports/author.ts";
import type { Cluster } from "../../src/ports/cluster.ts";
import { ninety } from "./ninety.ts";
import { until } from "./until.ts";

const PORT = 8501;
const SCRIPT_MAX_MS = 15_000;

/** One pod at one moment. */
export interface PodNow {
  readonly name: string;
  readonly uid: string;
  readonly node: string;
  readonly ready: boolean;
  readonly restarts: number;
}

export class PartCluster {
  readonly cluster: Cluster;
  readonly namespace: string;
  /** Uids of pods that were Ready at any moment since they were first seen. */
  readonly wereReady = new Set<string>();
  readonly #stop = new AbortController();
  readonly #pods = new Map<string, KubeObject>();

  private constructor(cluster: Cluster, namespace: string) {
    this.cluster = cluster;
    this.namespace = namespace;
  }

  static async up(instance: string, namespace: string): Promise<PartCluster> {
    await ninety(["cluster", "down", "--instance", instance]);
    const ended = await ninety(["cluster", "up", "--instance", instance, "--json"]);
    const cluster = runningLocal(instance);
    if (ended.code !== 0 || !cluster) throw new Error(`cluster up failed: ${ended.stderr}`);
    const made = new PartCluster(cluster, namespace);
    await cluster.api.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    void made.#watch();
    return made;
  }

  /** The exit code of `cluster down`. */
  async down(): Promise<number | null> {
    this.#stop.abort();
    return (await ninety(["cluster", "down", "--instance", this.cluster.instance])).code;
  }

  async apply(...parts: readonly Part[]): Promise<void> {
    const problems = parts.flatMap((part) => part.problems);
    if (problems.length > 0) throw new Error(problems.join("; "));
    const objects = parts.flatMap(({ planned }) => planned.objects);
    const binding = { run: "e2e", namespace: this.namespace, images: this.cluster.images };
    const { api } = this.cluster;
    await applyAll(
      objects.map((object) => bind(object, binding)),
      { api, clock: realClock(monotonicUs()), run: "e2e", signal: this.#stop.signal },
    );
  }

  /** The one pod of a part that is not on its way out; null: there is none. */
  pod(part: string): PodNow | null {
    const found = [...this.#pods.values()].filter(
      (pod) =>
        pod.metadata.labels?.["ninety/part"] === part &&
        at(pod, "metadata", "deletionTimestamp") === undefined,
    );
    const [pod] = found;
    if (!pod || found.length > 1) return null;
    const status = at(pod, "status", "containerStatuses", 0);
    return {
      name: pod.metadata.name,
      uid: textAt(pod, "metadata", "uid"),
      node: textAt(pod, "spec", "nodeName"),
      ready: isReady(pod),
      restarts: numberAt(status, "restartCount") ?? 0,
    };
  }

  podThat(part: string, what: string, is: (pod: PodNow) => boolean, ms: number): Promise<PodNow> {
    const ask = (): PodNow | null => {
      const pod = this.pod(part);
      return pod && is(pod) ? pod : null;
    };
    return until(`${part} ${what}`, ask, ms);
  }

  /** What the server in the pod answers, asked through the API server; null: it does not. */
  async ask(
    part: string,
    path: string,
    body?: string,
  ): Promise<{ readonly status: number; readonly body: string } | null> {
    const name = this.pod(part)?.name ?? "";
    const proxy = `api/v1/namespaces/${this.namespace}/pods/${name}:${PORT}/proxy${path}`;
    const asked =
      body === undefined
        ? ({ method: "GET", path: proxy } as const)
        : ({ method: "POST", path: proxy, body: JSON.parse(body) as never } as const);
    return this.cluster.api.call(asked, AbortSignal.timeout(5_000)).catch(() => null);
  }

  async delete(path: string): Promise<void> {
    await this.cluster.api.call({ method: "DELETE", path });
  }

  /** Runs a script of Node in a pod; its lines. Throws when it fails or takes longer. */
  async script(
    of: { readonly namespace: string; readonly name: string; readonly container: string },
    text: string,
    args: readonly string[] = [],
  ): Promise<readonly string[]> {
    const lines: string[] = [];
    const argv = ["/bin/node", "-e", text, ...args];
    const session = await this.cluster.api.exec(of, argv, AbortSignal.timeout(SCRIPT_MAX_MS));
    session.onLine((line) => lines.push(line));
    const { code, stderr } = await session.ended;
    if (code !== 0) throw new Error(`script in ${of.name} ended with ${code}: ${stderr}`);
    return lines;
  }

  async #watch(): Promise<void> {
    const path = `api/v1/namespaces/${this.namespace}/pods`;
    const take = ({ type, object }: { type: string; object: KubeObject }): void => {
      const uid = textAt(object, "metadata", "uid");
      if (type === "DELETED") this.#pods.delete(uid);
      else this.#pods.set(uid, object);
      if (isReady(object)) this.wereReady.add(uid);
    };
    await this.cluster.api
      .watch(path, { take, gap: () => {} }, this.#stop.signal)
      .catch((error: unknown) => {
        if (!this.#stop.signal.aborted) throw error;
      });
  }
}

function isReady(pod: KubeObject): boolean {
  return listAt(pod, "status", "conditions").some(
    (one) => at(one, "type") === "Ready" && at(one, "status") === "True",
  );
}
