import type { Effect, EffectKind } from "./effect.ts";

/** What the engine and the holders must know of a kind of effect. */
interface EffectFacts {
  /**
   * Who carries it out. `node`: the agent on the node that it names; `api`: whoever may write to
   * the API server, which is the guard where there is one; `machine`: the guard of a local cluster,
   * which has the switches of its machines.
   */
  readonly doneBy: "node" | "api" | "machine";
  /** It ends by itself: there is nothing to hold, to renew or to release. */
  readonly once: boolean;
  /** It may cut us off from those who hold effects: its deadline is its lease. */
  readonly cutsControlPath: boolean;
  /** Half done it must not stay: who comes after a holder that died undoes it. Default false. */
  readonly hasMiddle?: boolean;
  /** How it is done, for people. */
  readonly means: string;
}

export const EFFECT_FACTS: Readonly<Record<EffectKind, EffectFacts>> = {
  "gpu-state": {
    doneBy: "node",
    once: false,
    cutsControlPath: false,
    means: "device state on the node",
  },
  "container-kill": {
    doneBy: "node",
    once: true,
    cutsControlPath: false,
    means: "SIGKILL on the node, to one process",
  },
  freeze: {
    doneBy: "node",
    once: false,
    cutsControlPath: false,
    means: "freezer of the container's cgroup, else SIGSTOP to its processes",
  },
  "net-shape": {
    doneBy: "node",
    once: false,
    cutsControlPath: false,
    means: "packet queue in user space, in the pod's network namespace; all lost: nftables drop",
  },
  "node-net": {
    doneBy: "node",
    once: false,
    cutsControlPath: true,
    means: "packet queue in user space, in the node's own network; all lost: nftables drop",
  },
  "container-down": {
    doneBy: "node",
    once: false,
    cutsControlPath: false,
    means: "SIGKILL on the node, to the container's first process as often as it runs",
  },
  "cpu-stress": {
    doneBy: "node",
    once: false,
    cutsControlPath: false,
    means: "processes of ours in the container's own cgroups",
  },
  "memory-stress": {
    doneBy: "node",
    once: false,
    cutsControlPath: false,
    means: "a process of ours in the container's own cgroups, which the kernel does not choose",
  },
  "processes-limit": {
    doneBy: "node",
    once: false,
    cutsControlPath: false,
    means: "pids.max of the container's own cgroup",
  },
  "files-limit": {
    doneBy: "node",
    once: false,
    cutsControlPath: false,
    means: "RLIMIT_NOFILE of the container's processes, the soft one",
  },
  "disk-fill": {
    doneBy: "node",
    once: false,
    cutsControlPath: false,
    means: "a file without a name that a process of ours holds open",
  },
  "disk-slow": {
    doneBy: "node",
    once: false,
    cutsControlPath: false,
    means: "io limit of the container's own cgroup, for the disk of its root",
  },
  dependency: {
    doneBy: "node",
    once: false,
    cutsControlPath: false,
    means: "proxy and nftables rules in the calling pod's network namespace",
  },
  "program-stop": {
    doneBy: "node",
    once: false,
    cutsControlPath: true,
    means: "ptrace stop of all its threads, which the kernel ends with whoever holds them",
  },
  connections: {
    doneBy: "node",
    once: false,
    cutsControlPath: false,
    means: "in the pod's network namespace: nftables reject of new ones, SOCK_DESTROY of others",
  },
  dns: {
    doneBy: "node",
    once: false,
    cutsControlPath: false,
    means: "resolver and nftables rules in the pod's network namespace",
  },
  delete: {
    doneBy: "api",
    once: true,
    cutsControlPath: false,
    means: "DELETE by the API server, of the pod with that uid only",
  },
  evict: {
    doneBy: "api",
    once: true,
    cutsControlPath: false,
    means: "eviction by the API server, of the pod with that uid only, as far as budgets allow",
  },
  cordon: {
    doneBy: "api",
    once: false,
    cutsControlPath: false,
    means: "spec.unschedulable of the node, marked as ours",
  },
  drain: {
    doneBy: "api",
    once: false,
    cutsControlPath: false,
    means: "evictions by the API server, as far as budgets allow, as long as it lasts",
  },
  taint: {
    doneBy: "api",
    once: false,
    cutsControlPath: false,
    means: "taint of the node, marked as ours",
  },
  image: {
    doneBy: "api",
    once: false,
    cutsControlPath: false,
    means: "image in the pod's spec, marked as ours",
  },
  scale: {
    doneBy: "api",
    once: false,
    cutsControlPath: false,
    means: "replicas in the Deployment's spec, marked as ours",
  },
  power: {
    doneBy: "machine",
    once: false,
    cutsControlPath: true,
    means: "power switch of the machine",
  },
  reboot: {
    doneBy: "machine",
    once: true,
    cutsControlPath: true,
    hasMiddle: true,
    means: "power switch of the machine, off and on",
  },
  "component-stop": {
    doneBy: "machine",
    once: false,
    cutsControlPath: true,
    means: "ptrace stop of all its threads, which the kernel ends with whoever holds them",
  },
  "component-kill": {
    doneBy: "machine",
    once: true,
    cutsControlPath: true,
    means: "SIGKILL to its process, which its supervisor starts again",
  },
};

/** The kinds that such a holder carries out. */
export function kindsDoneBy(...by: readonly EffectFacts["doneBy"][]): readonly EffectKind[] {
  const kinds = Object.keys(EFFECT_FACTS) as EffectKind[];
  return kinds.filter((kind) => by.includes(EFFECT_FACTS[kind].doneBy));
}

/** Which effects end by themselves, without a lease. */
export function happensOnce({ kind }: Effect): boolean {
  return EFFECT_FACTS[kind].once;
}
