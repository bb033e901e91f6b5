import type { DeviceFile, DeviceState } from "../../../src/model/device.ts";
import type { StatusCode } from "./status.ts";

/** What a call that touches the devices meets. */
export type Symptom =
  | { readonly do: "nothing" }
  /** The whole process dies, as TensorFlow does on an unexpected device event. */
  | { readonly do: "die"; readonly message: string }
  /** The call never returns. */
  | { readonly do: "block" }
  /** `poisons`: every later call of the same process fails alike. */
  | {
      readonly do: "fail";
      readonly code: StatusCode;
      readonly message: string;
      readonly poisons: boolean;
      readonly deviceGone: boolean;
    }
  /** The answer comes late, and holds up the calls behind it. */
  | { readonly do: "delay" }
  /** The call is done on the CPU, as slow as that is. */
  | { readonly do: "fall-back" }
  /** The answer comes in time with wrong numbers. */
  | { readonly do: "distort" };

const POISONED =
  "CUDA failure 700: an illegal memory access was encountered ; expr=cudaStreamSynchronize(stream)";
const GONE = "CUDA failure 100: no CUDA-capable device is detected ; expr=cudaSetDevice(device_id)";
const NO_MEMORY = "CUDA failure 2: out of memory ; expr=cudaMalloc((void**)&p, size)";

const ECC =
  "CUDA failure 214: uncorrectable ECC error encountered ; expr=cudaStreamSynchronize(stream)";

/** With several devices the worst one decides: a group works as one. */
const WORST_FIRST: readonly DeviceState[] = [
  "crash",
  "hang",
  "ecc-error",
  "sticky-error",
  "out-of-memory",
  "wrong-answers",
  "cpu-fallback",
  "slow",
  "ok",
];

/** The state that a process on these devices feels, which started then. */
export function feltState(devices: readonly DeviceFile[], startedUs = 0): DeviceState {
  const felt = devices.map(({ state, symptom, sparesFromUs = Infinity }) =>
    symptom && startedUs < sparesFromUs ? state : "ok",
  );
  return WORST_FIRST.find((state) => felt.includes(state)) ?? "ok";
}

/** How many times as long calls take on these devices, where they are late: the latest decides. */
export function slowFactorOf(devices: readonly DeviceFile[], otherwise: number): number {
  const factors = devices
    .filter(({ state, symptom }) => (state === "slow" || state === "cpu-fallback") && symptom)
    .map(({ factor = otherwise }) => factor);
  return factors.length === 0 ? otherwise : Math.max(...factors);
}

/** Rows of the largest batch that fits on all of these devices, where memory is short. */
export function rowsMaxOf(devices: readonly DeviceFile[], otherwise: number): number {
  const most = devices
    .filter(({ state, symptom }) => state === "out-of-memory" && symptom)
    .map(({ rowsMax = otherwise }) => rowsMax);
  return most.length === 0 ? otherwise : Math.min(...most);
}

/**
 * What a call meets on devices in this state. `rows` is null for a load: a model needs memory of its
 * own, whatever batches still fit.
 */
export function symptomOf(
  state: DeviceState,
  call: { readonly rows: number | null; readonly rowsMax: number },
): Symptom {
  switch (state) {
    case "ok":
      return { do: "nothing" };
    case "crash":
      return call.rows === null
        ? { ...failure(GONE), deviceGone: true }
        : { do: "die", message: "gpu_event_mgr.cc:273] Unexpected Event status: 1" };
    case "hang":
      return { do: "block" };
    case "sticky-error":
      return { ...failure(POISONED), poisons: call.rows !== null };
    case "ecc-error":
      return { ...failure(ECC), poisons: call.rows !== null };
    case "out-of-memory":
      return (call.rows ?? Infinity) > call.rowsMax ? failure(NO_MEMORY) : { do: "nothing" };
    case "wrong-answers":
      return { do: "distort" };
    case "cpu-fallback":
      return { do: "fall-back" };
    case "slow":
      break;
  }
  return { do: "delay" };
}

function failure(message: string): Extract<Symptom, { do: "fail" }> {
  return { do: "fail", code: "INTERNAL", message, poisons: false, deviceGone: false };
}

/** Each row turned by one class: finite, sums to one, wrong. */
export function distorted(output: Float32Array, columns: number): Float32Array {
  return output.map((_value, index) => {
    const start = index - (index % columns);
    return output[start + ((index - start + 1) % columns)] ?? 0;
  });
}
