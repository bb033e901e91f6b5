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

/** The plugin tells only what signals; a device that works again is Healthy again. */
export function healthOf(device: DeviceFile): Health {
  return device.signal && device.state !== "ok" ? "Unhealthy" : "Healthy";
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
  "silent-loss": 79,
};

/** The XID that this device signals now, or null. */
export function xidOf(device: DeviceFile): number | null {
  return device.signal ? XID[device.state] : null;
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
