// Holds memory: `bytes=<own>`, or `ratio=<of the limit, all in the cgroup> cgroup=<folder>`. In a
// file without a name on a tmpfs where there is one: it counts in the cgroup, goes with this
// process at the latest, and makes it no larger, so that the kernel has larger ones to choose.
import { openSync, readFileSync, rmSync, statfsSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { argument, work } from "./stress-worker.ts";

const CHUNK_BYTES = 4 * 2 ** 20;
/** Between two chunks, and between two looks once there is enough. */
const GROW_MS = 5;
const HOLD_MS = 100;

const bytes = Number(argument("bytes"));
const ratio = Number(argument("ratio"));
const folder = argument("cgroup");
const chunk = Buffer.alloc(CHUNK_BYTES, 1);
/** The node's own, and that of this container, which is small as a rule. */
const FOLDERS = ["/proc/1/root/dev/shm", "/dev/shm"];
const TMPFS = 0x0102_1994;
const files = FOLDERS.flatMap(fileIn);
const held: Buffer[] = [];
let heldBytes = 0;

function fileIn(path: string): readonly { readonly path: string; readonly fd: number }[] {
  const file = join(path, `.ninety-${process.pid}`);
  try {
    if (statfsSync(path).type !== TMPFS) return [];
    const fd = openSync(file, "wx", 0o600);
    rmSync(file);
    return [{ path, fd }];
  } catch {
    return [];
  }
}

/** Each page is written: what is only asked for is not there. */
function grow(): void {
  for (const { path, fd } of files) {
    const { bavail, bsize } = statfsSync(path);
    if (bavail * bsize < 4 * CHUNK_BYTES) continue;
    heldBytes += writeSync(fd, chunk);
    return;
  }
  held.push(Buffer.from(chunk));
  heldBytes += CHUNK_BYTES;
}

function numberIn(...names: readonly string[]): number {
  for (const name of names) {
    try {
      const text = readFileSync(join(folder, name), "utf8").trim();
      return text === "max" ? Infinity : Number(text);
    } catch {
      // It is the other version of cgroups.
    }
  }
  return Infinity;
}

/** What the kernel cannot take back at once, as the kubelet counts it. */
function workingSetBytes(): number {
  const usage = numberIn("memory.current", "memory.usage_in_bytes");
  const stat = readFileSync(join(folder, "memory.stat"), "utf8");
  const files = /^total_inactive_file (\d+)$/m.exec(stat) ?? /^inactive_file (\d+)$/m.exec(stat);
  return usage - Number(files?.[1] ?? 0);
}

function isEnough(): boolean {
  if (folder === "") return bytes - heldBytes < CHUNK_BYTES / 2;
  // All of the limit: on and on, until the kernel takes from the container what it needs.
  if (ratio >= 1) return false;
  const limitBytes = numberIn("memory.max", "memory.limit_in_bytes");
  return ratio * limitBytes - workingSetBytes() < CHUNK_BYTES / 2;
}

work(async () => {
  if (isEnough()) return sleep(HOLD_MS);
  grow();
  return sleep(GROW_MS);
});
