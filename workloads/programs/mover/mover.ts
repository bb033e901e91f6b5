import { messageOf } from "../../../src/model/error.ts";
import { monotonicUs, type Log } from "../shared/log.ts";
import { afterRefusal, decide, IDLE, type MoverSettings, type MoverState } from "./decide.ts";
import { call, type KubeAccess } from "./kube-client.ts";
import type { WatchedPod } from "./watched-pod.ts";

/** Carries out decisions, one at a time, from the first pods until it is closed. */
export class Mover {
  readonly #access: KubeAccess;
  readonly #namespace: string;
  readonly #settings: MoverSettings;
  readonly #log: Log;
  readonly #signal: AbortSignal;
  #state: MoverState = IDLE;
  /** Null: changes were missed, so what is known may not be true any more. */
  #pods: readonly WatchedPod[] | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(of: {
    readonly access: KubeAccess;
    readonly namespace: string;
    readonly settings: MoverSettings;
    readonly log: Log;
    readonly signal: AbortSignal;
  }) {
    this.#access = of.access;
    this.#namespace = of.namespace;
    this.#settings = of.settings;
    this.#log = of.log;
    this.#signal = of.signal;
    of.signal.addEventListener("abort", () => clearTimeout(this.#timer), { once: true });
  }

  /** All pods as they are now. */
  see(pods: readonly WatchedPod[]): void {
    const before = new Map((this.#pods ?? []).map((pod) => [pod.uid, pod.health]));
    for (const { name, uid, node, health } of pods) {
      const was = before.get(uid);
      if (was === health || (was === undefined && health !== "Unhealthy")) continue;
      this.#log("health", { pod: name, uid, node, health, was: was ?? null });
    }
    this.#pods = pods;
    this.#step();
  }

  /** Nothing is decided on what may be out of date. */
  lose(why: string): void {
    this.#pods = null;
    this.#log("watch-gap", { why });
  }

  #step(): void {
    clearTimeout(this.#timer);
    if (this.#signal.aborted || this.#pods === null) return;
    const nowUs = monotonicUs();
    const { state, evict, told, wakeUs } = decide(this.#state, this.#pods, this.#settings, nowUs);
    this.#state = state;
    for (const { event, ...fields } of told) this.#log(event, fields);
    if (wakeUs !== null) {
      this.#timer = setTimeout(() => this.#step(), Math.ceil((wakeUs - nowUs) / 1_000));
    }
    for (const pod of evict) void this.#evict(pod);
  }

  async #evict(pod: WatchedPod): Promise<void> {
    const of = { pod: pod.name, uid: pod.uid, node: pod.node };
    this.#log("evict", of);
    const refusal = await this.#ask(pod);
    if (refusal === null) {
      this.#log("evicted", of);
      return;
    }
    this.#state = afterRefusal(this.#state, pod.uid, monotonicUs());
    this.#log("evict-refused", { ...of, ...refusal });
    this.#step();
  }

  /** Null when the eviction was accepted. */
  async #ask({ name, uid }: WatchedPod): Promise<{ status: number; message: string } | null> {
    const body = {
      apiVersion: "policy/v1",
      kind: "Eviction",
      metadata: { name, namespace: this.#namespace },
      // A pod of the same name that is not the one we saw stays.
      deleteOptions: { preconditions: { uid } },
    };
    const path = `/api/v1/namespaces/${this.#namespace}/pods/${name}/eviction`;
    try {
      const answer = await call(this.#access, { method: "POST", path, body }, this.#signal);
      if (answer.status < 300) return null;
      return { status: answer.status, message: answer.body.slice(0, 300) };
    } catch (error) {
      return { status: 0, message: messageOf(error) };
    }
  }
}
