// Effects on containers, on processes that stand for two of them.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startOf } from "../../../src/agents/process-identity.ts";
import { stateOf } from "../../../src/agents/processes.ts";
import type { Effect } from "../../../src/model/effect.ts";
import type { EffectBench } from "../effect-bench.ts";
import { until } from "../holder-process.ts";
import { testContainer, type TestContainer } from "../test-container.ts";

/** A container of three processes. */
export const THREE = "sleep 1000 & sleep 1001 & exec sleep 1002";
let made = 0;

/** Of no other test on this machine. */
export function newUid(): string {
  made += 1;
  return `u-${process.pid}-${made}`;
}

/** Two containers, and effects on them. */
async function benchOf<T extends TestContainer>(of: {
  readonly make: () => Promise<T>;
  readonly effect: (container: T) => Effect;
  readonly isThere: (container: T) => boolean;
  readonly times?: (container: T) => number;
}): Promise<EffectBench> {
  const pair = [await of.make(), await of.make()] as const;
  const one = (effect: Effect): T => {
    const text = JSON.stringify(effect);
    const found = pair.find(({ pod }) => text.includes(`"uid":"${pod.uid}"`));
    if (found === undefined) throw new Error(`effect must be on one of two, got ${text}`);
    return found;
  };
  const { times } = of;
  return {
    effect: (nth) => of.effect(pair[nth]),
    mark: (effect) => `"uid":"${one(effect).pod.uid}"`,
    isThere: (effect) => of.isThere(one(effect)),
    ...(times === undefined ? {} : { times: (effect) => times(one(effect)) }),
    close: async () => {
      for (const each of pair) await each.close();
    },
  };
}

/** None of its processes makes a step, by whatever means. */
export const isFrozen = ({ pids, cgroups }: TestContainer): boolean => {
  const states = pids().map(stateOf);
  const folder = cgroups["freezer"];
  if (folder === undefined) return states.length > 0 && states.every((state) => state === "T");
  return freezerSays(folder);
};
function freezerSays(folder: string): boolean {
  try {
    return readFileSync(join(folder, "freezer.state"), "utf8").trim() === "FROZEN";
  } catch {
    return readFileSync(join(folder, "cgroup.events"), "utf8").includes("frozen 1");
  }
}

export const freezeBench = (): Promise<EffectBench> =>
  benchOf({
    make: () => testContainer({ uid: newUid(), script: THREE, controllers: ["freezer"] }),
    effect: ({ pod }) => ({ kind: "freeze", pod, container: "" }),
    isThere: isFrozen,
  });

interface Restarted extends TestContainer {
  /** How often it was started again. */
  readonly restarts: () => number;
}

/** Started again whenever it ends, and counted. */
async function restarted(): Promise<Restarted> {
  const folder = mkdtempSync(join(tmpdir(), "ninety-starts-"));
  const script = `mktemp ${join(folder, "start-XXXXXXXX")}; exec sleep 1000`;
  const one = await testContainer({ uid: newUid(), script, restarts: true });
  const runs = (): boolean => one.pids().some((pid) => ageMs(pid) > 0);
  await until("it runs", runs);
  return {
    ...one,
    restarts: () => readdirSync(folder).length - 1,
    close: async () => {
      await one.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Kept running: killed once, it is there again a moment later, and nobody meets it again. */
export const containerKillBench = (): Promise<EffectBench> =>
  benchOf({
    make: restarted,
    effect: ({ pod }) => ({ kind: "container-kill", pod, container: "" }),
    isThere: ({ pids }) => pids().length === 0,
    times: ({ restarts }) => restarts(),
  });

const YOUNG_MS = 600;

/** Kept running: while it is killed again and again it never gets older than a moment. */
export const containerDownBench = async (): Promise<EffectBench> => {
  const isDown = ({ pids }: TestContainer): boolean => !pids().some((pid) => ageMs(pid) > YOUNG_MS);
  return benchOf({
    make: async () => {
      const one = await restarted();
      await until("it lives", () => !isDown(one));
      return one;
    },
    effect: ({ pod: { node, uid } }) => ({
      kind: "container-down",
      node,
      of: { uid },
      container: "",
    }),
    isThere: isDown,
  });
};

function ageMs(pid: number): number {
  const nowMs = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 1_000;
  const start = startOf(pid);
  return start === null ? 0 : nowMs - Number(start) * 10;
}

const STRESSED = ["cpu", "cpuacct", "cpuset", "memory"] as const;
const stressed = (): Promise<TestContainer> =>
  testContainer({ uid: newUid(), script: "exec sleep 1000", controllers: STRESSED });

/** Somebody else computes in its cgroup. */
export const cpuStressBench = (): Promise<EffectBench> =>
  benchOf({
    make: stressed,
    effect: ({ pod }) => ({ kind: "cpu-stress", pod, container: "", workers: 1, loadRatio: 0.2 }),
    isThere: ({ pids, cgroups }) => {
      const members = readFileSync(join(cgroups["cpu"] ?? "", "cgroup.procs"), "utf8");
      const own = pids();
      return members.split("\n").some((pid) => pid !== "" && !own.includes(Number(pid)));
    },
  });

const MIB = 2 ** 20;

/** Its cgroup counts memory that a sleeping process has not. */
export const memoryStressBench = (): Promise<EffectBench> =>
  benchOf({
    make: stressed,
    effect: ({ pod }) => ({
      kind: "memory-stress",
      pod,
      container: "",
      to: { bytes: 48 * MIB },
    }),
    isThere: ({ cgroups }) => {
      const folder = cgroups["memory"] ?? "";
      const [old, now] = [join(folder, "memory.usage_in_bytes"), join(folder, "memory.current")];
      return Number(readFileSync(existsSync(old) ? old : now, "utf8")) > 24 * MIB;
    },
  });
