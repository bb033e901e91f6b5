import { artifactName } from "../model/artifact.ts";
import { messageOf } from "../model/error.ts";
import { textAt, type KubeObject } from "../model/json.ts";
import type { Plan, PlannedPart, StepId } from "../model/plan.ts";
import type { Target } from "../model/target.ts";
import type { Api } from "../ports/api.ts";
import type { Clock } from "../ports/clock.ts";
import type { Cluster } from "../ports/cluster.ts";
import type { Log } from "../ports/log.ts";
import { ARTIFACT_MAX_BYTES, ArtifactKeeper } from "./artifacts-keep.ts";
import { keepPodLogs } from "./artifacts-logs.ts";
import { LogSaver } from "./artifacts-watch.ts";
import { namespaceOf } from "./bind.ts";
import { bounded, type Crew } from "./crew.ts";
import { RUN_LABEL } from "./inventory.ts";

/** For all of it at the end of a run: nothing waits longer for artifacts. */
export const COLLECT_MAX_MS = 20_000;
const LIST_MAX_MS = 5_000;
const LOGS_AT_ONCE = 6;
const PODS_MAX = 150;

/** What is listed in every namespace of the run; Secrets and ConfigMaps never are. */
const KINDS = [
  "api/v1/pods",
  "api/v1/services",
  "api/v1/events",
  "apis/apps/v1/deployments",
  "apis/apps/v1/replicasets",
  "apis/apps/v1/statefulsets",
  "apis/apps/v1/daemonsets",
  "apis/batch/v1/jobs",
  "apis/discovery.k8s.io/v1/endpointslices",
] as const;

interface Collecting {
  readonly cluster: Cluster;
  readonly plan: Plan;
  /** As they were applied. */
  readonly objects: readonly KubeObject[];
}

/** What is kept of a run for those who look for the cause: logs and objects, in `artifacts/`. */
export class Artifacts {
  readonly #clock: Clock;
  readonly #run: string;
  readonly #keeper: ArtifactKeeper;
  #saver: LogSaver | null = null;

  constructor(of: { readonly clock: Clock; readonly log: Log; readonly run: string }) {
    this.#clock = of.clock;
    this.#run = of.run;
    this.#keeper = new ArtifactKeeper(of);
  }

  /** Beside the run: logs that are gone at its end. */
  watch(api: Api, crew: Crew): void {
    const saver = new LogSaver({ api, clock: this.#clock, keeper: this.#keeper }, this.#run);
    this.#saver = saver;
    crew.spawn(async (signal) => saver.watch(signal));
  }

  /** Before a step meets its targets, for a quarter of a second at most. */
  async before(id: StepId, targets: readonly Target[], signal: AbortSignal): Promise<void> {
    await this.#saver?.before(id, targets, signal);
  }

  /** At the end, before anything is removed. Bounded, and never throws. */
  async collect(of: Collecting, parent: AbortSignal): Promise<void> {
    const beganMs = this.#clock.nowMs();
    const bound = { what: "collecting artifacts", forMs: COLLECT_MAX_MS, parent };
    await bounded(this.#clock, bound, async (signal) => {
      await Promise.all([this.#clusterLogs(of.cluster, signal), this.#ofApi(of, signal)]);
    }).catch((error: unknown) =>
      this.#keeper.leave("what was not collected by then", messageOf(error)),
    );
    const besideRun = this.#saver?.cost ?? { reads: 0, readMs: 0 };
    await this.#keeper.close({ tookMs: Math.round(this.#clock.nowMs() - beganMs), besideRun });
  }

  async #clusterLogs(cluster: Cluster, signal: AbortSignal): Promise<void> {
    if (!cluster.logs) {
      return this.#keeper.leave("logs of kubelets and control plane", "this cluster tells none");
    }
    try {
      for (const { name, text, cutBytes } of await cluster.logs(ARTIFACT_MAX_BYTES, signal)) {
        const path = name.split("/").map(artifactName).join("/");
        await this.#keeper.text(`cluster/${path}.log`, text, cutBytes);
      }
    } catch (error) {
      this.#keeper.leave("logs of kubelets and control plane", messageOf(error));
    }
  }

  async #ofApi(of: Collecting, signal: AbortSignal): Promise<void> {
    const { api } = of.cluster;
    const lists = await Promise.all(
      KINDS.map(async (kind) => {
        const found = await this.#list(of, kind, signal);
        await this.#keeper.objects(`objects/${kind.split("/").at(-1)}.json`, found.map(trimmed));
        return { kind, found };
      }),
    );
    const nodes = await this.#listOne(api, "api/v1/nodes", signal);
    await this.#keeper.objects("objects/nodes.json", nodes.map(trimmed));
    const pods = lists.find(({ kind }) => kind === "api/v1/pods")?.found ?? [];
    if (pods.length > PODS_MAX) {
      this.#keeper.leave(`logs of ${pods.length - PODS_MAX} pods`, `at most ${PODS_MAX} are read`);
    }
    const reading = { api, clock: this.#clock, keeper: this.#keeper };
    const waiting = pods.slice(0, PODS_MAX);
    const readers = Array.from({ length: LOGS_AT_ONCE }, async () => {
      for (let pod = waiting.shift(); pod; pod = waiting.shift()) {
        await keepPodLogs(reading, pod, signal);
      }
    });
    await Promise.all(readers);
  }

  /**
   * All objects of a kind where the namespace is the run's own; elsewhere, the pods that the stack
   * selects and nothing else: what is beside them belongs to others.
   */
  async #list(of: Collecting, kind: string, signal: AbortSignal): Promise<readonly KubeObject[]> {
    const { api } = of.cluster;
    const [group, plural] = [kind.slice(0, kind.lastIndexOf("/")), kind.split("/").at(-1)];
    const own = new Set(
      of.objects.filter((one) => one.kind === "Namespace").map(({ metadata }) => metadata.name),
    );
    const paths = [...own].map((name) => `${group}/namespaces/${name}/${plural}`);
    if (plural === "pods") {
      for (const part of of.plan.stack) {
        const namespace = whereIs(part, of.plan);
        if (part.selector === null || own.has(namespace)) continue;
        const selector = encodeURIComponent(part.selector);
        paths.push(`${group}/namespaces/${namespace}/pods?labelSelector=${selector}`);
      }
      // What a run brings may be in namespaces that it shares; what brings nothing has no more.
      const labelled = `${kind}?labelSelector=${encodeURIComponent(`${RUN_LABEL}=${this.#run}`)}`;
      if (of.objects.length > 0) paths.push(labelled);
    }
    const found = await Promise.all(paths.map(async (path) => this.#listOne(api, path, signal)));
    const unique = new Map(found.flat().map((one) => [textAt(one, "metadata", "uid") || one, one]));
    return [...unique.values()].sort((a, b) => (timeOf(a) < timeOf(b) ? -1 : 1));
  }

  async #listOne(api: Api, path: string, parent: AbortSignal): Promise<readonly KubeObject[]> {
    const bound = { what: `listing ${path}`, forMs: LIST_MAX_MS, parent };
    try {
      return await bounded(this.#clock, bound, (signal) => api.list(path, signal));
    } catch (error) {
      this.#keeper.leave(path, messageOf(error));
      return [];
    }
  }
}

/** Parts of the run live in its namespace; what was there before says where it is. */
function whereIs(part: PlannedPart, plan: Plan): string {
  const own = part.objects.map(({ metadata }) => metadata.namespace).find(Boolean);
  return part.existing?.namespace ?? own ?? namespaceOf(plan);
}

/** Of an event when it last happened, of everything else when it was made. */
function timeOf(object: KubeObject): string {
  return textAt(object, "lastTimestamp") || textAt(object, "metadata", "creationTimestamp");
}

/** Without what only servers read, and without the text of the object inside itself. */
function trimmed(object: KubeObject): unknown {
  const { managedFields: _, annotations, ...metadata } = object.metadata as Record<string, unknown>;
  const applied = "kubectl.kubernetes.io/last-applied-configuration";
  const notes = Object.entries(annotations ?? {}).filter(([key]) => key !== applied);
  const kept = notes.length > 0 ? { annotations: Object.fromEntries(notes) as object } : {};
  return { ...object, metadata: { ...metadata, ...kept } };
}
