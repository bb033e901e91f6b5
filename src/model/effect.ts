import type { ControlComponent, NodeProgram } from "./component.ts";
import type { Target } from "./target.ts";
import type { DependencyDoes, DnsDoes } from "./eyes-of-a-pod.ts";
import type { DeviceState, Flaps } from "./device.ts";
import type { Ms, Ratio } from "./quantity.ts";

/** One change of the system, as data: to release it nothing else is needed. */
export type Effect =
  /** Node agent: the device state that plugin, server and metrics read on that node. */
  | {
      readonly kind: "gpu-state";
      readonly gpu: Target<"gpu">;
      readonly state: Exclude<DeviceState, "ok">;
      /** The device plugin and the metrics tell. */
      readonly signal: boolean;
      /** The process that holds the device feels it. */
      readonly symptom: boolean;
      /** `slow`, `cpu-fallback`: calls take so many times as long. */
      readonly factor?: number;
      /** `out-of-memory`: rows of the largest batch that still fits. */
      readonly rowsMax?: number;
      /** The XID that is signalled, where it is not the usual one of the state. */
      readonly xid?: number;
      /** Bad and well by turns while it is held; left out: bad all the time. */
      readonly flaps?: Flaps;
      /** Only processes that run already feel it: starting again cures. Default false. */
      readonly sparesNew?: boolean;
    }
  /** Node agent: SIGKILL to a container's first process. Happens once. "": the pod's only one. */
  | { readonly kind: "container-kill"; readonly pod: Target<"pod">; readonly container: string }
  /** Node agent: no process of a container runs any more. "": the pod's only one. */
  | { readonly kind: "freeze"; readonly pod: Target<"pod">; readonly container: string }
  /** Node agent: what becomes of the packets of a pod, in its network namespace. */
  | (PacketShape & {
      readonly kind: "net-shape";
      readonly pod: Target<"pod">;
      /** At the other end: all, the pod's own node, or those addresses. The loopback never is. */
      readonly peers: readonly string[] | "node" | null;
      /** False: whatever comes from the node itself, as the kubelet's probes do, is left alone. */
      readonly affectsProbes: boolean;
      /** Of the packets, go on twice. Default 0. */
      readonly duplicateRatio?: Ratio;
      /** Of the packets, have one bit flipped behind the IP header; checksums tell. Default 0. */
      readonly corruptRatio?: Ratio;
      /** Of the packets, are not delayed while the others are. Default 0. */
      readonly reorderRatio?: Ratio;
      /** What passes, each way by itself. Default: all. */
      readonly bandwidth?: {
        readonly bytesPerSecond: number;
        /** What may wait for its turn; all else is lost. */
        readonly queueBytes: number;
      };
    })
  /**
   * Node agent: what becomes of the packets that come to a node or leave it by its uplinks, those
   * of its pods included; never those within the node.
   */
  | (PacketShape & {
      readonly kind: "node-net";
      readonly node: string;
      /** The kubelet's port and the API server, both ways, are left alone. */
      readonly sparesControlPath: boolean;
    })
  /** Node agent: SIGKILL to a container's first process as often as it runs. "": the only one. */
  | {
      readonly kind: "container-down";
      readonly node: string;
      /** Of one pod, or of every pod that has something of the node mounted at that path. */
      readonly of: { readonly uid: string } | { readonly mountsAt: string };
      readonly container: string;
    }
  /** Node agent: processes of ours in the container's cgroups that compute. "": the only one. */
  | {
      readonly kind: "cpu-stress";
      readonly pod: Target<"pod">;
      readonly container: string;
      readonly workers: number;
      /** Of one CPU, by each. */
      readonly loadRatio: Ratio;
    }
  /** Node agent: a process of ours in the container's cgroups that holds memory. "": the only one. */
  | {
      readonly kind: "memory-stress";
      readonly pod: Target<"pod">;
      readonly container: string;
      /** So many bytes of its own, or as many as bring the container to that share of its limit. */
      readonly to: { readonly bytes: number } | { readonly limitRatio: Ratio };
    }
  /** Node agent: no process of a container can start another one. "": the only one. */
  | { readonly kind: "processes-limit"; readonly pod: Target<"pod">; readonly container: string }
  /** Node agent: no process of a container can open another file. "": the only one. */
  | { readonly kind: "files-limit"; readonly pod: Target<"pod">; readonly container: string }
  /** Node agent: a file of ours on a file system that the pod has for itself. */
  | {
      readonly kind: "disk-fill";
      readonly pod: Target<"pod">;
      /** "": the only one. */
      readonly container: string;
      /** Folder on that file system, as the container sees it. */
      readonly path: string;
      /** What stays free: so many bytes, or a share of the size. */
      readonly leave: { readonly bytes: number } | { readonly ratio: Ratio };
    }
  /** Node agent: a limit of what a container's processes read and write on its own disk. */
  | {
      readonly kind: "disk-slow";
      readonly pod: Target<"pod">;
      /** "": the only one. */
      readonly container: string;
      /** Each way. */
      readonly bytesPerSec: number;
    }
  /** Node agent: what becomes of the connections of a pod to a service that it calls. */
  | {
      readonly kind: "dependency";
      readonly pod: Target<"pod">;
      /** A name as the pod would look it up, or an address. */
      readonly host: string;
      /** TCP. */
      readonly port: number;
      readonly does: DependencyDoes;
    }
  /** Node agent: no process of that program of the node makes a step; pods run on. */
  | { readonly kind: "program-stop"; readonly node: string; readonly program: NodeProgram }
  /** Node agent: what becomes of the TCP connections of others to a pod. */
  | {
      readonly kind: "connections";
      readonly pod: Target<"pod">;
      /** The pod's own ports; none: all that it listens on. Its loopback is never meant. */
      readonly ports: readonly number[];
      /** New ones are refused and established ones go on, or those established are reset. */
      readonly does: "refuse-new" | "reset";
      /** `reset`: how often, and the first time at once. Else 0. */
      readonly everyMs: Ms;
      /** False: whatever comes from the node itself, as the kubelet's probes do, is left alone. */
      readonly affectsProbes: boolean;
    }
  /** Node agent: what a pod is told by the name servers in its resolv.conf. */
  | {
      readonly kind: "dns";
      readonly pod: Target<"pod">;
      /** As the pod would look it up, with all names below it; `*`: every name. */
      readonly name: string;
      readonly does: DnsDoes;
    }
  /** Guard: deletes a pod. Happens once; there is nothing to release. */
  | { readonly kind: "delete"; readonly pod: Target<"pod">; readonly graceMs: Ms }
  /** Guard: evicts a pod, as far as disruption budgets allow. Happens once. Null: its own grace. */
  | { readonly kind: "evict"; readonly pod: Target<"pod">; readonly graceMs: Ms | null }
  /** Guard: no new pod is scheduled to a node that is open. */
  | { readonly kind: "cordon"; readonly node: string }
  /** Guard: evicts the pods of a node that is cordoned, again and again; none is brought back. */
  | { readonly kind: "drain"; readonly node: string }
  /** Guard: a taint that the node has not. */
  | {
      readonly kind: "taint";
      readonly node: string;
      readonly key: string;
      readonly value: string;
      readonly effect: "NoSchedule" | "NoExecute";
    }
  /** Guard: a container of a pod has another image, in place. "": the pod's only one. */
  | {
      readonly kind: "image";
      readonly pod: Target<"pod">;
      readonly container: string;
      readonly image: string;
    }
  /** Guard: a Deployment has another number of replicas. */
  | {
      readonly kind: "scale";
      readonly namespace: string;
      readonly deployment: string;
      readonly replicas: number;
    }
  /** Guard, local cluster: link first, then kill; release is a fresh boot. */
  | { readonly kind: "power"; readonly node: string }
  /** Guard, local cluster: off and on again at once. Happens once. */
  | { readonly kind: "reboot"; readonly node: string }
  /** Guard, local cluster: a component of the control plane makes no step. */
  | { readonly kind: "component-stop"; readonly component: ControlComponent }
  /** Guard, local cluster: SIGKILL to it, and it is started again. Happens once. */
  | { readonly kind: "component-kill"; readonly component: ControlComponent };

export type EffectKind = Effect["kind"];

interface PacketShape {
  /** As the pod or the node sees it; both: each way by itself. */
  readonly direction: "in" | "out" | "both";
  /** Ports at this end, TCP and UDP; none: all packets. */
  readonly ports: readonly number[];
  readonly delayMs: Ms;
  /** How far the delay wanders from `delayMs`, to both sides. */
  readonly jitterMs: Ms;
  /** 1: nothing passes. */
  readonly lossRatio: Ratio;
}

/** An effect under an id that is unique in the run: `f01.0`. */
export interface Held {
  readonly id: string;
  readonly effect: Effect;
}

/** How long an effect may live without us. */
export interface Lease {
  /** The holder ends the effect when it was not renewed for this long. */
  readonly leaseMs: Ms;
  /** The holder ends the effect this long after its start, renewed or not. */
  readonly deadlineMs: Ms;
}

/** The node that an effect is carried out on; "": it is on none. */
/** The node that an effect is carried out on; "": it is done to no node. */
export function nodeOf(effect: Effect): string {
  if ("component" in effect) return "";
  if ("gpu" in effect) return effect.gpu.node;
  if ("pod" in effect) return effect.pod.node;
  return "node" in effect ? effect.node : "";
}
