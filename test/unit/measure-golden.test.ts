import { join } from "node:path";
import { expect, test } from "vitest";
import { measure } from "../../src/measure/measure.ts";
import type { Measurement } from "../../src/model/measurement.ts";
import { readRecord } from "../../src/store/read-record.ts";

/**
 * Made by hand: clients hurt from 1 s to 3.5 s after 28 s, one of three pods away from 1 s to 5 s.
 */
const FOLDER = join(import.meta.dirname, "../golden/records/small");
const FAULTS_MS = 28_000;

async function measured(): Promise<Measurement> {
  return measure(await readRecord(FOLDER));
}

test("the small record is whole", async () => {
  const { completeness, steps, leftovers } = await measured();
  expect(completeness).toEqual({
    requestsComplete: true,
    requests: 530,
    runComplete: true,
    problems: [],
  });
  expect(steps.map(({ proved, healed, healProved }) => [proved, healed, healProved])).toEqual([
    ["proved", "healed", "proved"],
  ]);
  expect(leftovers).toEqual([]);
});

test("the small record is measured as it was made", async () => {
  const { episodes, scenarios } = await measured();
  expect(scenarios[0]!.steady).toEqual({ valid: true, why: [] });
  expect(scenarios[0]!.phases.faults).toMatchObject({ intended: 80, good: 55, dropped: 0 });
  const { clocks, service, capacity, lost } = episodes[0]!;
  const fromFaultsMs = (name: string): number => {
    const clock = clocks[name]!;
    if (clock.is !== "value") throw new Error(`${name} is ${clock.is}`);
    return clock.value / 1_000 - FAULTS_MS;
  };
  expect(fromFaultsMs("inj")).toBe(40);
  expect(Math.abs(fromFaultsMs("imp") - 1_000)).toBeLessThan(100);
  expect(Math.abs(fromFaultsMs("rec") - 3_500)).toBeLessThan(100);
  expect(fromFaultsMs("full")).toBe(5_000);
  expect(service["new"]!.class).toBe("RECOVERED");
  expect(capacity).toMatchObject({ class: "RECOVERED", recovery: { value: 4_960 } });
  expect(lost).toMatchObject({ value: 25 });
});
