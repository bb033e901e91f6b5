import type { ClusterEvent, NodeDetail, PodDetail } from "../model/event.ts";
import { textAt, type JsonObject, type KubeObject } from "../model/json.ts";
import type { PlannedPart } from "../model/plan.ts";
import type { Us } from "../model/quantity.ts";
import type { Api, WatchChange } from "../ports/api.ts";
import type { Sampler } from "../ports/sampler.ts";
import { endpointsDetail } from "./state/endpoints-state.ts";
import {
  GONE_NODE,
  healthyGpus,
  nodeChangeOf,
  nodeDetail,
  readyStatus,
} from "./state/node-state.ts";
import { changeOf, gonePod, isSick, podDetail } from "./state/pod-state.ts";

/**
 * How old a change may be that a watch told without a gap: up to 300 ms for the seam between two
 * streams (a longer one is a gap), and 200 ms for the way from etcd through the API server and for
 * this process to get round to it while k6 has the CPU.
 */
const TOLD_WITHIN_US = 500_000;
const EVERY_MS = 1_000;
/** A disk that does not keep up with the cluster ends the run instead of filling the memory. */
const MAX_UNSYNCED = 10_000;

type Surroundings = Parameters<Sampler["run"]>[0];

export const clusterState: Sampler = {
  name: "cluster-state",
  about: "Pods of all parts, nodes and endpoints: an event a change, and counts once a second.",
  run: async (of) => {
    const view = new View(of);
    const ended = new AbortController();
    const signal = AbortSignal.any([of.signal, ended.signal]);
    const watches = view.watches().map(({ path, on }) => of.api.watch(path, on, signal));
    const work = [...watches, view.sample(signal)];
    try {
      await Promise.race([Promise.all(work), view.failed]);
    } finally {
      ended.abort();
      await Promise.allSettled(work);
    }
    await view.flushed();
  },
};

interface Watched {
  readonly path: string;
  readonly on: Parameters<Api["watch"]>[1];
}

/** What one watch knew last, for the bounds of what it finds after a gap. */
interface Sight {
  blindSinceUs: Us;
}

/** The state of the cluster as the watches tell it; turns each change of a detail into an event. */
class View {
  readonly #of: Surroundings;
  readonly #pods = new Map<string, PodDetail>();
  readonly #nodes = new Map<string, NodeDetail>();
  readonly #slices = new Map<string, Map<string, KubeObject>>();
  readonly #endpoints = new Map<string, readonly string[]>();
  readonly #failure = Promise.withResolvers<never>();
  readonly #appends = new Set<Promise<void>>();
  readonly failed: Promise<never> = this.#failure.promise;

  constructor(of: Surroundings) {
    this.#of = of;
    this.failed.catch(() => undefined);
  }

  watches(): readonly Watched[] {
    const parts = this.#of.plan.stack;
    return [
      this.#watch("nodes", "api/v1/nodes", (change, notBeforeUs) =>
        this.#node(change, notBeforeUs),
      ),
      ...parts.filter(({ selector }) => selector !== null).map((part) => this.#podsOf(part)),
      ...parts.flatMap((part) =>
        part.service === null ? [] : [this.#slicesOf(part, part.service)],
      ),
    ];
  }

  #podsOf(part: PlannedPart): Watched {
    const namespace = this.#namespaceOf(part);
    const selector = encodeURIComponent(part.selector ?? "");
    const path = `api/v1/namespaces/${namespace}/pods?labelSelector=${selector}`;
    return this.#watch("pods", path, (change, notBeforeUs) =>
      this.#pod(part.part, change, notBeforeUs),
    );
  }

  #slicesOf(part: PlannedPart, service: { readonly name: string }): Watched {
    const namespace = this.#namespaceOf(part);
    const selector = encodeURIComponent(`kubernetes.io/service-name=${service.name}`);
    const slices = `apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
    const path = `${slices}?labelSelector=${selector}`;
    const key = `${namespace}/${service.name}`;
    this.#slices.set(key, new Map());
    return this.#watch("endpoints", path, (change, notBeforeUs) =>
      this.#slice(key, change, notBeforeUs),
    );
  }

  /** Parts of the run live in its namespace; what was there before says where it is. */
  #namespaceOf(part: PlannedPart): string {
    const own = part.objects.map((object) => object.metadata.namespace).find(Boolean);
    return part.existing?.namespace ?? own ?? this.#of.namespace;
  }

  #watch(
    what: string,
    path: string,
    take: (change: WatchChange, notBeforeUs: Us) => void,
  ): Watched {
    // Before the first look anything may have happened at any time.
    const sight: Sight = { blindSinceUs: 0 };
    const on: Watched["on"] = {
      take: (change) => take(change, this.#notBefore(change, sight)),
      gap: (why, blindMs) => {
        const sinceUs = this.#of.clock.nowUs() - Math.ceil(blindMs * 1_000) - TOLD_WITHIN_US;
        sight.blindSinceUs = Math.max(0, sinceUs);
        this.#tell(`watch/${what}`, "gap", sight.blindSinceUs, { why });
      },
    };
    return { path, on };
  }

  #notBefore(change: WatchChange, sight: Sight): Us {
    if (change.stale) return sight.blindSinceUs;
    return Math.max(0, this.#of.clock.nowUs() - TOLD_WITHIN_US);
  }

  #pod(part: string, { type, object }: WatchChange, notBeforeUs: Us): void {
    const { namespace = "", name } = object.metadata;
    const key = `${namespace}/${name}`;
    const before = this.#pods.get(key);
    const seen = { ...podDetail(object), part };
    const after = type === "DELETED" ? gonePod(before ?? seen) : seen;
    // A pod under an old name is another pod.
    const change = changeOf(before?.uid === after.uid ? before : undefined, after);
    if (after.gone) this.#pods.delete(key);
    else this.#pods.set(key, after);
    if (change !== null) this.#tell(`pod/${key}`, change, notBeforeUs, after);
  }

  #node({ type, object }: WatchChange, notBeforeUs: Us): void {
    const { name } = object.metadata;
    const before = this.#nodes.get(name);
    if (type === "DELETED") {
      this.#nodes.delete(name);
      this.#tell(`node/${name}`, "gone", notBeforeUs, GONE_NODE);
      return;
    }
    const after = nodeDetail(object);
    const change = nodeChangeOf(before, after, readyStatus(object));
    this.#nodes.set(name, after);
    if (change !== null) this.#tell(`node/${name}`, change, notBeforeUs, after);
  }

  #slice(key: string, { type, object }: WatchChange, notBeforeUs: Us): void {
    const slices = this.#slices.get(key);
    if (slices === undefined) return;
    const uid = textAt(object, "metadata", "uid");
    if (type === "DELETED") slices.delete(uid);
    else slices.set(uid, object);
    const { ready } = endpointsDetail(slices.values());
    const before = this.#endpoints.get(key);
    if (before !== undefined && before.join() === ready.join()) return;
    this.#endpoints.set(key, ready);
    this.#tell(`endpoints/${key}`, "endpoints", notBeforeUs, { ready });
  }

  #tell(object: string, change: string, notBeforeUs: Us, detail: JsonObject): void {
    const event: ClusterEvent = { type: "cluster", object, change, notBeforeUs, detail };
    // Not one after the other: the log stamps at the call, and its sync must not delay the stamps.
    const append: Promise<void> = this.#of
      .append(event)
      .catch((error: unknown) => this.#failure.reject(error))
      .finally(() => this.#appends.delete(append));
    this.#appends.add(append);
    if (this.#appends.size > MAX_UNSYNCED) {
      this.#failure.reject(new Error(`unsynced events must be at most ${MAX_UNSYNCED}, got more`));
    }
  }

  /** Resolves once every event is on disk; rejects when one could not be. */
  async flushed(): Promise<void> {
    await Promise.race([this.failed, Promise.all(this.#appends)]);
  }

  async sample(signal: AbortSignal): Promise<void> {
    const { clock } = this.#of;
    while (!signal.aborted) {
      try {
        // Whole seconds, so that the series of all samplers line up.
        await clock.until(Math.floor(clock.nowMs() / EVERY_MS + 1) * EVERY_MS, signal);
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
      this.#count();
    }
  }

  #count(): void {
    const atUs = this.#of.clock.nowUs();
    const put = (
      metric: string,
      value: number,
      tags: Readonly<Record<string, string>> = {},
    ): void => this.#of.sample({ atUs, metric, value, tags });
    const pods = [...this.#pods.values()];
    for (const { part, selector } of this.#of.plan.stack) {
      if (selector === null) continue;
      const ready = pods.filter((pod) => pod.part === part && pod.ready && !pod.terminating);
      put("replicas_ready", ready.length, { part });
    }
    // Two namespaces may have a service of one name: a metric is told once an instant.
    const endpoints = new Map<string, number>();
    for (const key of this.#slices.keys()) {
      const service = key.slice(key.indexOf("/") + 1);
      const ready = this.#endpoints.get(key)?.length ?? 0;
      endpoints.set(service, (endpoints.get(service) ?? 0) + ready);
    }
    for (const [service, ready] of endpoints) put("endpoints_ready", ready, { service });
    const nodes = [...this.#nodes.values()];
    const healthy = [...this.#nodes].map(([name, node]) =>
      healthyGpus(node, sum(pods.filter((pod) => pod.node === name).map(sickDevices))),
    );
    put("gpus_healthy", sum(healthy));
    put("gpus_capacity", sum(nodes.map((node) => node.gpusCapacity)));
    put("nodes_ready", nodes.filter((node) => node.ready).length);
  }
}

const sickDevices = (pod: PodDetail): number => pod.devices.filter(isSick).length;
const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
