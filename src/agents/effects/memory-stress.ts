import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { Effect } from "../../model/effect.ts";
import type { Cgroup } from "../container-cgroup.ts";
import type { Until } from "../effect-program.ts";
import { endWorkers, Stress } from "../stress.ts";

type MemoryStress = Extract<Effect, { kind: "memory-stress" }>;

let stress: Stress | null = null;

/** A worker in the container's cgroups that holds memory, up to where the kernel kills for it. */
export async function apply(effect: MemoryStress, until: Until): Promise<void> {
  const { pod, container, to } = effect;
  const argsOf = (memory: Cgroup): readonly string[] => {
    if ("bytes" in to) return [`bytes=${to.bytes}`];
    if (!hasLimit(memory)) {
      throw new Error(`container of pod ${pod.name} must have a memory limit, got none`);
    }
    return [`ratio=${to.limitRatio}`, `cgroup=${memory.folder}`];
  };
  stress = new Stress({ pod, container, program: "stress-memory.ts", workers: 1, argsOf }, until);
  await stress.start();
}

export async function extend(_effect: MemoryStress, { untilUs }: Until): Promise<void> {
  stress?.extend(untilUs);
}

export async function undo(_effect: MemoryStress, id: string): Promise<void> {
  stress?.stop();
  await endWorkers(id);
}

/** Version 1 says a number that no machine has where there is no limit. */
function hasLimit({ version, folder }: Cgroup): boolean {
  const name = version === 1 ? "memory.limit_in_bytes" : "memory.max";
  const limit = readFileSync(join(folder, name), "utf8").trim();
  return limit !== "max" && Number(limit) < 2 ** 60;
}
