import { statSync } from "node:fs";

import type { Effect } from "../../model/effect.ts";
import { numberAt, textAt } from "../../model/json.ts";
import { cgroupHere, containerHere } from "../container.ts";
import type { Cgroup } from "../container-cgroup.ts";
import { canLimit, DISK_CONTROLLER, diskOf, limitsOn, setLimit, textOf } from "../disk-limit.ts";
import { NothingDone, type Until } from "../effect-program.ts";
import { forget, keep, keptOf, type Kept } from "../kept.ts";

type DiskSlow = Extract<Effect, { kind: "disk-slow" }>;

/**
 * What the container's processes read and write past the caches on the disk of its root waits for
 * its share of each second. Version 1 counts no write that the kernel does later for them.
 */
export async function apply(effect: DiskSlow, { id }: Until): Promise<void> {
  const { main, name } = containerHere(effect);
  const disk = diskOf(main);
  if ("why" in disk) throw new NothingDone(`${name} ${disk.why}`);
  const { cgroup } = await cgroupHere(effect, DISK_CONTROLLER);
  if (!canLimit(cgroup)) {
    throw new NothingDone(`${name} must have a limit of its disk to change, got none`);
  }
  const { device } = disk;
  const there = limitsOn(cgroup, device);
  if (there !== "") throw new NothingDone(`${name} must have no limit of its disk, got ${there}`);
  const { version, folder } = cgroup;
  const was = { version, folder, device, inode: statSync(folder).ino };
  keep({ id, of: `limit of disk ${device} in ${folder}`, was });
  setLimit(cgroup, device, effect.bytesPerSec);
}

/** It has no end of its own. */
export async function extend(): Promise<void> {}

/** No limit, in that very cgroup, where the limit is still ours. */
export async function undo({ bytesPerSec }: DiskSlow, id: string): Promise<void> {
  for (const kept of keptOf(id)) {
    putBack(kept, bytesPerSec);
    forget(kept);
  }
}

function putBack({ was }: Kept, bytesPerSec: number): void {
  const folder = textAt(was, "folder");
  const device = textAt(was, "device");
  const cgroup: Cgroup = { version: numberAt(was, "version") === 1 ? 1 : 2, folder };
  if (statSync(folder, { throwIfNoEntry: false })?.ino !== numberAt(was, "inode")) return;
  const there = limitsOn(cgroup, device);
  // Half of ours is there where we were ended between the two ways.
  const isOurs = there !== "" && textOf(cgroup, device, bytesPerSec).includes(there);
  if (isOurs) setLimit(cgroup, device, null);
}
