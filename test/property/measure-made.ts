import { measure } from "../../src/measure/measure.ts";
import type { Event } from "../../src/model/event.ts";
import type { Measurement } from "../../src/model/measurement.ts";
import type { RunRecord } from "../../src/model/record.ts";
import { makeRecord, type Made } from "./measure-record.ts";

/** Measures a record that was made and then changed. */
export function made(
  of: Made = {},
  change: (record: RunRecord) => RunRecord = (record) => record,
): Measurement {
  return measure(change(makeRecord(of)));
}

/** A change of the events alone. */
export const withEvents =
  (change: (events: readonly Event[]) => readonly Event[]) =>
  (record: RunRecord): RunRecord => ({ ...record, events: change(record.events) });
