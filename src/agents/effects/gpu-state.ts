import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";

import { DEVICE_ROOT, deviceNow, okDevice, type DeviceFile } from "../../model/device.ts";
import type { Effect } from "../../model/effect.ts";
import type { Until } from "../effect-program.ts";
import { replaceFile } from "../journal.ts";
import { nowUs } from "../monotonic.ts";

type GpuState = Extract<Effect, { kind: "gpu-state" }>;

const root = process.env["NINETY_DEVICE_ROOT"] ?? DEVICE_ROOT;

function stateFile(device: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(device)) {
    throw new Error(`device must be letters, digits, ".", "_", "-", got ${JSON.stringify(device)}`);
  }
  return join(root, device, "state.json");
}

function readDevice(path: string): DeviceFile | null {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as DeviceFile;
  } catch {
    return null;
  }
}

/** When the state began is remembered in the file itself. */
function write(effect: GpuState, { id, untilUs }: Until): void {
  const { gpu, state, signal, symptom, factor, rowsMax, xid, flaps, sparesNew = false } = effect;
  const path = stateFile(gpu.device);
  const last = readDevice(path);
  const mine = last?.by === id ? last : null;
  const file: DeviceFile = {
    id: gpu.device,
    state,
    signal,
    symptom,
    by: id,
    untilUs,
    ...(factor === undefined ? {} : { factor }),
    ...(rowsMax === undefined ? {} : { rowsMax }),
    ...(xid === undefined ? {} : { xid }),
    ...(flaps === undefined ? {} : { flaps: mine?.flaps ?? { ...flaps, fromUs: nowUs() } }),
    ...(sparesNew ? { sparesFromUs: mine?.sparesFromUs ?? nowUs() } : {}),
  };
  replaceFile(path, JSON.stringify(file), false);
}

export async function apply(effect: GpuState, until: Until): Promise<void> {
  const path = stateFile(effect.gpu.device);
  if (statSync(join(path, ".."), { throwIfNoEntry: false }) === undefined) {
    throw new Error(`device ${effect.gpu.device} must be on this node, got none under ${root}`);
  }
  const file = readDevice(path);
  const now = file === null ? null : deviceNow(file, nowUs());
  if (now !== null && now.by !== null && now.by !== until.id) {
    throw new Error(`device ${effect.gpu.device} must be free, got held by ${now.by}`);
  }
  write(effect, until);
}

export async function extend(effect: GpuState, until: Until): Promise<void> {
  write(effect, until);
}

/** Leaves the device alone when it is by now another effect's. */
export async function undo({ gpu }: GpuState, id: string): Promise<void> {
  const path = stateFile(gpu.device);
  if (statSync(join(path, ".."), { throwIfNoEntry: false }) === undefined) return;
  const file = readDevice(path);
  if (file !== null && file.by !== id) return;
  replaceFile(path, JSON.stringify(okDevice(gpu.device)), false);
}
