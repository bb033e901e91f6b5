import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  DEVICE_ENV,
  DEVICE_MOUNT,
  type DeviceFile,
  type DeviceState,
  okDevice,
} from "../../../src/model/device.ts";
import type { AllocateResponse, Health } from "./device-plugin-api.ts";

/** `GPU-<node>-<index>`; the kubelet takes at most 63 characters. */
export function deviceIds(node: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_each, index) => `GPU-${node}-${index}`);
}

/** Makes the folder of each device with a state that is ok; one that is there stays as it is. */
export function createDevices(root: string, ids: readonly string[]): void {
  for (const id of ids) {
    mkdirSync(join(root, id), { recursive: true });
    try {
      const text = `${JSON.stringify(okDevice(id))}\n`;
      writeFileSync(join(root, id, "state.json"), text, { flag: "wx" });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

/** The XID that NVIDIA's driver would log; null: such a fault has none. */
const XID: Readonly<Record<DeviceState, number | null>> = {
  ok: null,
  crash: 79,
  "sticky-error": 95,
  hang: 119,
  slow: null,
  "out-of-memory": null,
  "wrong-answers": 48,
  "ecc-error": 94,
  "cpu-fallback": null,
};
/** These are taken for an error of the application: NVIDIA's device plugin does not mind them. */
const OF_APPLICATION: readonly number[] = [13, 31, 43, 45, 68, 109];

/** The XID that this device signals now, or null. */
export function xidOf(device: DeviceFile): number | null {
  return device.signal ? (device.xid ?? XID[device.state]) : null;
}

/**
 * As with NVIDIA's plugin an XID makes a device Unhealthy, and nothing else does; other than there,
 * one that works again is Healthy again.
 */
export function healthOf(device: DeviceFile): Health {
  const xid = xidOf(device);
  return xid === null || OF_APPLICATION.includes(xid) ? "Healthy" : "Unhealthy";
}

/** What is signalled of the memory of a device. */
export interface MemoryNow {
  readonly usedMiB: number;
  readonly freeMiB: number;
  /** Uncorrectable errors since the last reset, which a heal stands for. */
  readonly uncorrectable: number;
  /** A row waits to be replaced by the next reset, or could not be. */
  readonly remapPending: boolean;
  readonly remapFailed: boolean;
}
const MEMORY_MIB = 81_920;
const UNCORRECTABLE: readonly number[] = [48, 94, 95];
const REMAP_FAILED = 64;

/** Of memory in use only that is told which a fault takes: all. */
export function memoryOf(device: DeviceFile): MemoryNow {
  const usedMiB = device.signal && device.state === "out-of-memory" ? MEMORY_MIB : 0;
  const xid = xidOf(device) ?? 0;
  const bad = UNCORRECTABLE.includes(xid);
  return {
    usedMiB,
    freeMiB: MEMORY_MIB - usedMiB,
    uncorrectable: bad ? 1 : 0,
    remapPending: bad,
    remapFailed: xid === REMAP_FAILED,
  };
}

/** What a container with these devices is given: their ids and their folders, to read. */
export function allocation(
  root: string,
  ids: readonly string[],
): AllocateResponse["container_responses"][number] {
  return {
    envs: { [DEVICE_ENV]: ids.join(",") },
    mounts: ids.map((id) => ({
      container_path: join(DEVICE_MOUNT, id),
      host_path: join(root, id),
      read_only: true,
    })),
  };
}
