import type { ContainerLook } from "../model/container-look.ts";
import type { Json } from "../model/json.ts";
import type { Ms } from "../model/quantity.ts";
import type { Target } from "../model/target.ts";

/** What a port of a pod, or a service that a pod asks, said. */
export interface Answer {
  /** False: nobody spoke HTTP. */
  readonly answered: boolean;
  /** 0 where nobody spoke. */
  readonly status: number;
  /** What was said, or why nobody spoke. */
  readonly body: string;
  /** From the ask to the end of the answer, or to when it was given up. */
  readonly tookMs: Ms;
}

/** What a client inside a pod met that asked a service once. */
export interface Asked {
  readonly answered: boolean;
  /** Of HTTP; 0 where none was spoken. */
  readonly status: number;
  readonly tookMs: Ms;
  /** Why nobody answered; "": somebody did. */
  readonly why: string;
  /**
   * `reset` and `short`, which is closed, also before any of it came; `none`: there was no
   * connection, no such name, or silence.
   */
  readonly ended: "complete" | "reset" | "short" | "none";
  /** Of an answer by HTTP, as far as it came. */
  readonly bodyBytes: number;
  /** That was asked, or that the name has: the first of them. "": none is known. */
  readonly address: string;
}

/** `healthz`: whether it lives; `runningpods/`: what it must ask its container runtime for. */
export type KubeletPath = "healthz" | "runningpods/";

/** `livez/ping` asks nobody else; `readyz?verbose` tells of etcd too, a line a check. */
export type ApiServerPath = "livez/ping" | "readyz?verbose";

/** Eyes without hands: all that a proof may use. Throws when it could not look. */
export interface Witness {
  /** GET on the Kubernetes API: `api/v1/nodes/n1`; null where there is no such object. */
  object(path: string): Promise<Json>;
  /** GET or POST on a port of a pod, by way of the API server. */
  http(
    pod: Target<"pod">,
    request: {
      readonly port: number;
      readonly path: string;
      readonly body?: Json;
      /** Silence for this long is no answer; the witness's own bound at most. */
      readonly withinMs?: Ms;
    },
  ): Promise<Answer>;
  /**
   * GET on a node's kubelet, by way of the API server; `answered` false: the API server, which
   * speaks itself, cannot reach it, or it is silent. Says nothing of why. Default `healthz`.
   */
  kubelet(node: string, path?: KubeletPath): Promise<Omit<Answer, "tookMs">>;
  /** GET on the API server itself. Never throws: silence, and nobody being there, is no answer. */
  apiServer(path: ApiServerPath, withinMs: Ms): Promise<Answer>;
  /**
   * Asks a service as a client in that pod would, one ask after the other, each on a connection of
   * its own unless kept: names are the pod's, and the network is. Nothing is tried twice. Throws
   * where no node agent is on its node.
   */
  fromPod(
    pod: Target<"pod">,
    ask: {
      /**
       * `http://host:port/path` for GETs, `tcp://host:port` for connections alone, `dns://host` for
       * look-ups of a name alone.
       */
      readonly url: string;
      /** 1 to 1,000. */
      readonly count: number;
      /** Each ask is given up after this. */
      readonly withinMs: Ms;
      /** By the network of the node agent beside it, with the pod's names. Default false. */
      readonly outside?: boolean;
      /** One connection for all GETs, and another one only where that one ended. Default false. */
      readonly reuse?: boolean;
      /** Waited between two asks. Default 0. */
      readonly pauseMs?: Ms;
    },
  ): Promise<readonly Asked[]>;
  /**
   * What a container has left of what may run out, by a process of the node agent's that only reads
   * or tries what a process of the container could; nothing of it stays. Gives what `ContainerLook`
   * says. Throws where no node agent is on its node, and where the container does not run.
   */
  inContainer(pod: Target<"pod">, look: ContainerLook): Promise<Json>;
  /**
   * What the kernel has counted so far in the network of that pod, such as `Tcp.InCsumErrors`.
   * Throws where no node agent is on its node.
   */
  counters(pod: Target<"pod">): Promise<Readonly<Record<string, number>>>;
}
