import { textAt, type KubeObject } from "../model/json.ts";
import type { StepId } from "../model/plan.ts";
import type { Ms } from "../model/quantity.ts";
import type { Target } from "../model/target.ts";
import type { WatchChange } from "../ports/api.ts";
import { containersOf, keepLog, type Reading } from "./artifacts-logs.ts";
import { bounded } from "./crew.ts";
import { RUN_LABEL } from "./inventory.ts";

const AT_ONCE = 2;
const QUEUE_MAX = 100;
/** Beside a whole run. */
const READS_MAX = 300;
/** Of a container that is started again and again, so many ends are kept; the last one anyway. */
const RESTARTS_MAX = 3;
/** Of a pod that goes: when that begins, and when one of its containers has ended. */
const GOING_READS_MAX = 4;
/** An inject waits no longer than this for the logs of its targets, whatever they are. */
const BEFORE_MAX_MS = 250;
const BEFORE_PODS_MAX = 10;

interface PodSeen {
  readonly restarts: Map<string, number>;
  /** What of it has ended, as it was at the last reading. */
  going: string | null;
  readings: number;
  kept: number;
}

/**
 * Reads beside the run the logs that nobody can read at its end: of pods that are going, of
 * containers that were started again, and of a fault's targets before it meets them. Few and short
 * reads, two at a time; a pod that is deleted without grace is gone before anyone can ask.
 */
export class LogSaver {
  readonly #reading: Reading;
  readonly #run: string;
  readonly #pods = new Map<string, PodSeen>();
  readonly #queue: (() => Promise<void>)[] = [];
  readonly #works = new Set<Promise<void>>();
  #reads = 0;
  #readMs: Ms = 0;

  constructor(reading: Reading, run: string) {
    this.#reading = reading;
    this.#run = run;
  }

  /** What it cost. */
  get cost(): { readonly reads: number; readonly readMs: number } {
    return { reads: this.#reads, readMs: Math.round(this.#readMs) };
  }

  /** Until the signal aborts. Never throws: no log is worth a run. */
  async watch(signal: AbortSignal): Promise<void> {
    const label = encodeURIComponent(`${RUN_LABEL}=${this.#run}`);
    const on = { take: (change: WatchChange) => this.#see(change, signal), gap: () => {} };
    const path = `api/v1/pods?labelSelector=${label}`;
    await this.#reading.api.watch(path, on, signal).catch((error: unknown) => {
      if (!signal.aborted) this.#reading.keeper.leave("logs of pods that went", String(error));
    });
    await Promise.allSettled(this.#works);
  }

  /** Logs of what a step is about to meet, as far as they come in time. Never throws. */
  async before(id: StepId, targets: readonly Target[], parent: AbortSignal): Promise<void> {
    const bound = { what: `logs before ${id}`, forMs: BEFORE_MAX_MS, parent };
    await bounded(this.#reading.clock, bound, async (signal) => {
      const met = await Promise.all(targets.map(async (one) => this.#podsOf(one, signal)));
      const reads = met
        .flat()
        .slice(0, BEFORE_PODS_MAX)
        .flatMap((pod) =>
          containersOf(pod)
            .filter(({ begun }) => begun)
            .map(({ name: container }) => ({ pod, container, previous: false })),
        );
      const as = `.before-${id}.log`;
      await Promise.all(reads.map(async (of) => this.#keep({ ...of, as }, signal)));
    }).catch(() => {});
  }

  /** The pods that a target is, is held by, or carries; the cluster as such has none. */
  async #podsOf(target: Target, signal: AbortSignal): Promise<readonly KubeObject[]> {
    const { api } = this.#reading;
    if (target.kind === "node") {
      const label = encodeURIComponent(`${RUN_LABEL}=${this.#run}`);
      const field = encodeURIComponent(`spec.nodeName=${target.node}`);
      return api.list(`api/v1/pods?labelSelector=${label}&fieldSelector=${field}`, signal);
    }
    const gpuHolder = target.kind === "gpu" && target.holder ? [target.holder] : [];
    const linked = target.kind === "link" ? [...target.from, ...target.to] : gpuHolder;
    const pods = target.kind === "pod" ? [target] : linked;
    const found = await Promise.all(
      pods.map(async ({ namespace, name }) =>
        api.get(`api/v1/namespaces/${namespace}/pods/${name}`, signal),
      ),
    );
    return found.filter((pod) => pod !== null) as unknown as readonly KubeObject[];
  }

  #see({ type, object: pod }: WatchChange, signal: AbortSignal): void {
    const uid = textAt(pod, "metadata", "uid");
    const seen = this.#pods.get(uid) ?? {
      restarts: new Map<string, number>(),
      going: null,
      readings: 0,
      kept: 0,
    };
    if (type === "DELETED") {
      this.#pods.delete(uid);
      this.#gone(pod, seen);
      return;
    }
    this.#pods.set(uid, seen);
    this.#restarted(pod, seen, signal);
    if (textAt(pod, "metadata", "deletionTimestamp") !== "") this.#going(pod, seen, signal);
  }

  #restarted(pod: KubeObject, seen: PodSeen, signal: AbortSignal): void {
    for (const { name: container, restarts, hasPrevious } of containersOf(pod)) {
      const before = seen.restarts.get(container) ?? 0;
      if (restarts <= before || !hasPrevious) continue;
      seen.restarts.set(container, restarts);
      if (restarts > RESTARTS_MAX) continue;
      const as = `.restart-${restarts}.log`;
      this.#later(async () => this.#keep({ pod, container, previous: true, as }, signal), signal);
    }
  }

  #going(pod: KubeObject, seen: PodSeen, signal: AbortSignal): void {
    const containers = containersOf(pod);
    const ended = containers.filter((one) => one.ended).map(({ name }) => name);
    const going = ended.join(" ");
    if (seen.going === going || seen.readings >= GOING_READS_MAX) return;
    seen.going = going;
    seen.readings += 1;
    this.#later(async () => {
      for (const { name: container } of containers.filter((one) => one.begun)) {
        const kept = await this.#keep({ pod, container, previous: false, as: ".log" }, signal);
        if (kept) seen.kept += 1;
      }
    }, signal);
  }

  #gone({ metadata }: KubeObject, seen: PodSeen): void {
    if (seen.kept > 0) return;
    const what = `log of ${metadata.namespace ?? "default"}/${metadata.name} at its end`;
    this.#reading.keeper.leave(what, "the pod was gone before its log could be read");
  }

  async #keep(of: Parameters<typeof keepLog>[1], signal: AbortSignal): Promise<boolean> {
    if (this.#reads >= READS_MAX) return false;
    this.#reads += 1;
    const { clock } = this.#reading;
    const beganMs = clock.nowMs();
    const why = await keepLog(this.#reading, of, signal);
    this.#readMs += clock.nowMs() - beganMs;
    return why === null;
  }

  /** At most so many at once; what does not fit the queue is let go. */
  #later(work: () => Promise<void> | Promise<unknown>, signal: AbortSignal): void {
    if (this.#queue.length >= QUEUE_MAX) return;
    this.#queue.push(async () => void (await work()));
    this.#next(signal);
  }

  #next(signal: AbortSignal): void {
    if (this.#works.size >= AT_ONCE || signal.aborted) return;
    const work = this.#queue.shift();
    if (!work) return;
    const working: Promise<void> = work()
      .catch(() => {})
      .finally(() => {
        this.#works.delete(working);
        this.#next(signal);
      });
    this.#works.add(working);
  }
}
