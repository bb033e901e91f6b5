import type { Ms, Us } from "./quantity.ts";

/**
 * What a virtual GPU can be. `crash`: the process that uses it dies; `sticky-error`: every call
 * fails until the process ends; `hang`: calls never return; `slow`: calls take `factor` times as
 * long; `out-of-memory`: batches of more than `rowsMax` rows and loads fail; `wrong-answers`: calls
 * succeed with wrong numbers; `ecc-error`: a call met an uncorrectable memory error, and every later
 * one of its process fails; `cpu-fallback`: the runtime goes on without the device, right and
 * `factor` times as long.
 */
export type DeviceState =
  | "ok"
  | "crash"
  | "sticky-error"
  | "hang"
  | "slow"
  | "out-of-memory"
  | "wrong-answers"
  | "ecc-error"
  | "cpu-fallback";

/**
 * `state.json` in the device's own directory on the node (`<root>/<id>/state.json`), replaced by
 * rename, so a reader sees the old or the new one and nothing else. Level-triggered: a container
 * restarted in place meets the same dead device, and a pod that moved does not.
 */
export interface DeviceFile {
  readonly id: string;
  readonly state: DeviceState;
  /** The device plugin reports Unhealthy and the metrics show the XID. */
  readonly signal: boolean;
  /** The process on the device feels `state`. */
  readonly symptom: boolean;
  /** The effect that wrote it, or null. */
  readonly by: string | null;
  /** `slow`, `cpu-fallback`: how many times as long calls take; absent: as the server is told. */
  readonly factor?: number;
  /** `out-of-memory`: rows of the largest batch that fits; absent: as the server is told. */
  readonly rowsMax?: number;
  /** The XID that is signalled; absent: the one that is usual for `state`. */
  readonly xid?: number;
  /** Bad from then on for so long, then well for so long, and again; absent: bad all the time. */
  readonly flaps?: Flaps & { readonly fromUs: Us };
  /** CLOCK_MONOTONIC: who started from then on feels nothing; absent: all feel it. */
  readonly sparesFromUs?: Us;
  /** CLOCK_MONOTONIC of the node, microseconds: after it every reader takes the device for ok. */
  readonly untilUs: Us | null;
}

/** How a device goes from bad to well and back: each for so long, bad first. */
export interface Flaps {
  readonly badMs: Ms;
  readonly wellMs: Ms;
}

/** Where the node keeps its devices; the plugin creates it, the agent writes in it. */
export const DEVICE_ROOT = "/var/lib/ninety/gpus";
/** Where a container finds the devices it was given. */
export const DEVICE_MOUNT = "/run/gpus";
/** In the container's environment: comma-separated device ids, set by Allocate. */
export const DEVICE_ENV = "NVIDIA_VISIBLE_DEVICES";

export const okDevice = (id: string): DeviceFile => ({
  id,
  state: "ok",
  signal: false,
  symptom: false,
  by: null,
  untilUs: null,
});

/**
 * What the file means now: a lease that ran out is a device that works, and one that flaps works
 * between its bad times, while it is still held.
 */
export function deviceNow(file: DeviceFile, nowUs: Us): DeviceFile {
  const { id, by, untilUs, flaps } = file;
  if (untilUs !== null && nowUs >= untilUs) return okDevice(id);
  if (flaps === undefined) return file;
  const roundUs = (flaps.badMs + flaps.wellMs) * 1_000;
  const intoUs = Math.max(0, nowUs - flaps.fromUs) % roundUs;
  return intoUs < flaps.badMs * 1_000 ? file : { ...okDevice(id), by, untilUs };
}
