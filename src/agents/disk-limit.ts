// The limit of what a cgroup reads and writes on one disk, in both versions of cgroups.
import { existsSync, readFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { Cgroup } from "./container-cgroup.ts";
import { mountOf, type Mount } from "./file-system.ts";

const V1_FILES = ["read", "write"].map((way) => `blkio.throttle.${way}_bps_device`);

/** As version 1 names it; version 2, which says `io`, has one cgroup for all. */
export const DISK_CONTROLLER = "blkio";

/** Whether there is a limit to change. */
export function canLimit({ version, folder }: Cgroup): boolean {
  return (version === 1 ? V1_FILES : ["io.max"]).every((name) => existsSync(join(folder, name)));
}

/** Lines of limits on that device that are there now; "": none. */
export function limitsOn({ version, folder }: Cgroup, device: string): string {
  return (version === 1 ? V1_FILES : ["io.max"])
    .flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n"))
    .filter((line) => line.startsWith(`${device} `))
    .map((line) => line.trim())
    .join("; ");
}

/** Each way; null: none. */
export function setLimit(
  { version, folder }: Cgroup,
  device: string,
  bytesPerSec: number | null,
): void {
  if (version === 1) {
    for (const name of V1_FILES) writeFileSync(join(folder, name), `${device} ${bytesPerSec ?? 0}`);
    return;
  }
  const most = bytesPerSec ?? "max";
  writeFileSync(join(folder, "io.max"), `${device} rbps=${most} wbps=${most}`);
}

/** What `limitsOn` says once a limit of ours is there. */
export function textOf({ version }: Cgroup, device: string, bytesPerSec: number): string {
  const line = `${device} ${bytesPerSec}`;
  return version === 1
    ? `${line}; ${line}`
    : `${device} rbps=${bytesPerSec} wbps=${bytesPerSec} riops=max wiops=max`;
}

/**
 * The disk that a container's own root is on, as `major:minor`: of an overlay that of its upper
 * folder, as the node sees it; of a partition the whole disk. Else why there is none.
 */
export function diskOf(main: number): { readonly device: string } | { readonly why: string } {
  const mount = mountOf(readFileSync(`/proc/${main}/mountinfo`, "utf8"), "/");
  const device = mount === null ? null : deviceOf(mount);
  const block = `/sys/dev/block/${device ?? ""}`;
  if (mount === null || device === null || !existsSync(block)) {
    const got = `${mount?.type ?? "nothing"} ${device ?? "without a folder of its own"}`;
    return { why: `must have its root on a disk that the kernel can slow, got ${got}` };
  }
  if (!existsSync(join(block, "partition"))) return { device };
  return { device: readFileSync(join(realpathSync(block), "../dev"), "utf8").trim() };
}

function deviceOf({ type, device, options }: Mount): string | null {
  if (type !== "overlay") return device;
  const upper = options.find((one) => one.startsWith("upperdir="))?.slice("upperdir=".length);
  for (const root of upper === undefined ? [] : ["/proc/1/root", ""]) {
    const stat = statSync(join(root, upper ?? ""), { throwIfNoEntry: false });
    if (stat !== undefined) return `${majorOf(stat.dev)}:${minorOf(stat.dev)}`;
  }
  return null;
}

/** As glibc splits a device number: 12 and 20 bits, in two parts each. */
const majorOf = (dev: number): number =>
  Number(((BigInt(dev) >> 8n) & 0xfffn) | ((BigInt(dev) >> 32n) & 0xfffff000n));
const minorOf = (dev: number): number =>
  Number((BigInt(dev) & 0xffn) | ((BigInt(dev) >> 12n) & 0xffffff00n));
