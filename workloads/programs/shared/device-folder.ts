import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type DeviceFile,
  type DeviceState,
  deviceNow,
  okDevice,
} from "../../../src/model/device.ts";
import { at, numberAt, textAt } from "../../../src/model/json.ts";
import { monotonicUs } from "./log.ts";

/** How often a device is looked at by those who do not look at every use. */
export const DEVICE_POLL_MS = 100;

const STATES: ReadonlySet<string> = new Set<DeviceState>([
  "ok",
  "crash",
  "sticky-error",
  "hang",
  "slow",
  "out-of-memory",
  "wrong-answers",
  "ecc-error",
  "cpu-fallback",
]);

/** Throws what is wrong with the text of a state file. */
export function parseDevice(id: string, text: string): DeviceFile {
  const raw: unknown = JSON.parse(text);
  const state = textAt(raw, "state");
  if (!STATES.has(state)) throw new Error(`state must be a device state, got "${state}"`);
  const by = textAt(raw, "by");
  const factor = numberAt(raw, "factor");
  const rowsMax = numberAt(raw, "rowsMax");
  const xid = numberAt(raw, "xid");
  const sparesFromUs = numberAt(raw, "sparesFromUs");
  const flaps = flapsIn(at(raw, "flaps"));
  return {
    id,
    state: state as DeviceState,
    signal: at(raw, "signal") === true,
    symptom: at(raw, "symptom") === true,
    by: by === "" ? null : by,
    untilUs: numberAt(raw, "untilUs") ?? null,
    ...(factor === undefined ? {} : { factor }),
    ...(rowsMax === undefined ? {} : { rowsMax }),
    ...(xid === undefined ? {} : { xid }),
    ...(flaps === undefined ? {} : { flaps }),
    ...(sparesFromUs === undefined ? {} : { sparesFromUs }),
  };
}

function flapsIn(raw: unknown): DeviceFile["flaps"] {
  if (raw === undefined) return undefined;
  const [badMs, wellMs, fromUs] = ["badMs", "wellMs", "fromUs"].map((key) => numberAt(raw, key));
  if (badMs === undefined || wellMs === undefined || fromUs === undefined || badMs + wellMs <= 0) {
    throw new Error(`flaps must be badMs, wellMs, fromUs, got ${JSON.stringify(raw)}`);
  }
  return { badMs, wellMs, fromUs };
}

/**
 * One device's own folder on the node. What it tells is level-triggered: every look reads the file
 * anew. A file that cannot be read leaves the last known state (at first: ok) and is told once.
 */
export class DeviceFolder {
  readonly id: string;
  readonly #path: string;
  readonly #onProblem: (message: string) => void;
  #last: DeviceFile;
  #text = "";
  #unreadable = false;

  constructor(root: string, id: string, onProblem: (message: string) => void = () => {}) {
    this.id = id;
    this.#path = join(root, id, "state.json");
    this.#onProblem = onProblem;
    this.#last = okDevice(id);
  }

  /** What the device is at this instant; a lease that ran out is a device that works. */
  now(): DeviceFile {
    try {
      const text = readFileSync(this.#path, "utf8");
      if (text !== this.#text) this.#last = parseDevice(this.id, text);
      this.#text = text;
      this.#unreadable = false;
    } catch (error) {
      if (!this.#unreadable) this.#onProblem(`${this.#path}: ${String(error)}`);
      this.#unreadable = true;
    }
    return deviceNow(this.#last, monotonicUs());
  }
}
