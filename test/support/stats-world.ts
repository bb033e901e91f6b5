// A pod of two containers and what its kubelet tells of them: for worlds of stress.
import type { Json } from "../../src/model/json.ts";
import type { Target } from "../../src/model/target.ts";
import type { World } from "../../src/testing/fault-contract.ts";

export const podTarget: Target<"pod"> = {
  kind: "pod",
  namespace: "shop",
  name: "server-1",
  uid: "u-1",
  node: "n1",
};

export interface StatsState {
  readonly cpus?: number;
  readonly memoryMib?: number;
  /** Null: it has none. */
  readonly limitMib?: number | null;
  readonly cpuLimit?: string | null;
  readonly id?: string;
  readonly running?: boolean;
  readonly ready?: boolean;
  /** Id of the one that was OOM-killed before. */
  readonly oomKilled?: string;
  readonly pod?: "there" | "another";
  /** Whether the kubelet tells anything of it. */
  readonly told?: boolean;
}

const MIB = 2 ** 20;

function statusOf(state: StatsState): Json {
  const { id = "c-1", running = true, ready = running, oomKilled = "" } = state;
  const oom = { terminated: { containerID: oomKilled, reason: "OOMKilled", exitCode: 137 } };
  return {
    name: "server",
    containerID: id,
    ready,
    state: running ? { running: {} } : { waiting: { reason: "CrashLoopBackOff" } },
    lastState: oomKilled === "" ? {} : oom,
  };
}

function statsOf(state: StatsState): Json {
  const { cpus = 0.05, memoryMib = 100, limitMib = 256, told = true } = state;
  const server = {
    name: "server",
    cpu: { usageNanoCores: cpus * 1e9 },
    memory: {
      workingSetBytes: memoryMib * MIB,
      ...(limitMib === null ? {} : { availableBytes: (limitMib - memoryMib) * MIB }),
    },
  };
  const proxy = {
    name: "proxy",
    cpu: { usageNanoCores: 2e9 },
    memory: { workingSetBytes: 500 * MIB },
  };
  return {
    pods: [
      { podRef: { uid: "u-9" }, containers: [proxy] },
      { podRef: { uid: "u-1" }, containers: told ? [proxy, server] : [proxy] },
    ],
  };
}

/** The container that is asked for is named `server`. */
export function statsWorld(about: string, state: StatsState = {}): World {
  const { cpuLimit = "500m", pod = "there" } = state;
  const limits = cpuLimit === null ? {} : { cpu: cpuLimit };
  const objects: Readonly<Record<string, Json>> = {
    "api/v1/namespaces/shop/pods/server-1": {
      metadata: { uid: pod === "another" ? "u-2" : "u-1" },
      spec: { containers: [{ name: "proxy" }, { name: "server", resources: { limits } }] },
      status: { containerStatuses: [{ name: "proxy", state: { running: {} } }, statusOf(state)] },
    },
    "api/v1/nodes/n1/proxy/stats/summary": statsOf(state),
  };
  return {
    about,
    object: async (path) => objects[path] ?? null,
    http: async () => ({ answered: false, status: 0, body: "", tookMs: 1 }),
    kubelet: async () => ({ answered: true, status: 200, body: "ok" }),
  };
}
