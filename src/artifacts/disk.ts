import { mkdirSync, statfsSync, statSync } from "node:fs";
import { EXIT, NinetyError } from "../model/error.ts";

const MIB = 2 ** 20;

/** So much will be written below a folder. */
export interface DiskNeed {
  readonly folder: string;
  readonly needMiB: number;
}

/**
 * Throws (exit 4) unless every file system has room for all that is needed on it; needs on the same
 * file system add up. Creates the folders.
 */
export function requireDisk(needs: readonly DiskNeed[]): void {
  const byDevice = new Map<number, { folders: string[]; needMiB: number; freeMiB: number }>();
  for (const { folder, needMiB } of needs) {
    mkdirSync(folder, { recursive: true });
    const device = statSync(folder).dev;
    const { bavail, bsize } = statfsSync(folder);
    const known = byDevice.get(device) ?? {
      folders: [],
      needMiB: 0,
      freeMiB: Math.floor((bavail * bsize) / MIB),
    };
    known.folders.push(folder);
    known.needMiB += needMiB;
    byDevice.set(device, known);
  }
  for (const { folders, needMiB, freeMiB } of byDevice.values()) {
    if (freeMiB >= needMiB) continue;
    throw new NinetyError(
      `disk: ${[...new Set(folders)].join(", ")}: must have ${needMiB} MiB free, got ${freeMiB} MiB`,
      {
        exit: EXIT.preflight,
        hint: "free space, or set NINETY_CACHE, GOCACHE and GOMODCACHE to folders on a larger disk",
      },
    );
  }
}
