import { readFileSync } from "node:fs";

import type { Effect } from "../../model/effect.ts";
import { containerHere } from "../container.ts";
import { NothingDone, type Until } from "../effect-program.ts";
import { mountOf, whyShared } from "../file-system.ts";
import { allProcesses } from "../processes.ts";
import { endProgram, holdProgram } from "../program.ts";

type DiskFill = Extract<Effect, { kind: "disk-fill" }>;

/** What lies in memory is taken from the node, which must not come near its end by it. */
const MEMORY_RATIO_MAX = 0.25;
const DISK_MAX_BYTES = 2 ** 40;

/** A file without a name, held open by a process of ours: the kernel frees it with that process. */
export async function apply(effect: DiskFill, { id }: Until): Promise<void> {
  const { pod, path, leave } = effect;
  const { name, main } = containerHere(effect);
  const mount = mountOf(readFileSync(`/proc/${main}/mountinfo`, "utf8"), path);
  const why =
    mount === null
      ? "must be on a file system, got none"
      : whyShared(allProcesses(), { uid: pod.uid, mount });
  if (mount === null || why !== null) throw new NothingDone(`${path} in ${name} ${why}`);
  const config = {
    pid: main,
    path,
    device: mount.device,
    ...("bytes" in leave ? { leaveBytes: leave.bytes } : { leaveRatio: leave.ratio }),
    mostBytes:
      mount.type === "tmpfs" ? Math.floor(MEMORY_RATIO_MAX * memoryBytes()) : DISK_MAX_BYTES,
  };
  await holdProgram("fill", { name: `${path} in ${name}`, id, config });
}

/** It has no end of its own. */
export async function extend(): Promise<void> {}

export async function undo(_effect: DiskFill, id: string): Promise<void> {
  await endProgram("fill", id);
}

/** What the node could still give. */
function memoryBytes(): number {
  const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync("/proc/meminfo", "utf8"))?.[1];
  return Number(kib ?? 0) * 1_024;
}
