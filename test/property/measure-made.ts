import { measure } from "../../src/measure/measure.ts";
import type { Event } from "../../src/model/event.ts";
import type { Measurement } from "../../src/model/measurement.ts";
import { makeRecord, type Made, type MadeRecord } from "./measure-record.ts";

/** Measures a record that was made and then changed. */
export function made(
  of: Made = {},
  change: (record: MadeRecord) => MadeRecord = (record) => record,
): Measurement {
  return measure(change(makeRecord(of)));
}

/** A change of the events alone. */
export const withEvents =
  (change: (events: readonly Event[]) => readonly Event[]) =>
  (record: MadeRecord): MadeRecord => ({ ...record, events: change(record.events) });
