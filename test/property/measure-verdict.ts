import { availability } from "../../src/checks/availability.ts";
import { clusterClean } from "../../src/checks/cluster-clean.ts";
import { faultTookEffect } from "../../src/checks/fault-took-effect.ts";
import { loadHeld } from "../../src/checks/load-held.ts";
import { recovery } from "../../src/checks/recovery.ts";
import { steadyClean } from "../../src/checks/steady-clean.ts";
import { measure } from "../../src/measure/measure.ts";
import type { RunRecord } from "../../src/model/record.ts";
import { worst, type Finding, type Outcome } from "../../src/model/verdict.ts";

const CHECKS = [
  [faultTookEffect, {}],
  [loadHeld, {}],
  [steadyClean, {}],
  [clusterClean, {}],
  [availability, { atLeastRatio: 0.3, during: "faults" }],
  [recovery, { serviceMs: 20_000, capacityMs: 60_000 }],
] as const;

export function findingsOf(record: RunRecord): readonly Finding[] {
  const measurement = measure(record);
  return CHECKS.flatMap(([check, params]) => check.definition.judge(measurement, params as never));
}

/** What the always-on checks and two of an author's say of a record. */
export function outcomeOf(record: RunRecord): Outcome {
  return worst(findingsOf(record).map(({ outcome }) => outcome));
}
