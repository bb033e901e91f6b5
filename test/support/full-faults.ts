// An experiment with one step after the other on a real cluster of its own.
import { afterAll, beforeAll, expect } from "vitest";
import type { Request } from "../../src/model/request.ts";
import type { RunRecord } from "../../src/model/record.ts";
import { readRecord } from "../../src/store/read-record.ts";
import { ninety } from "./ninety.ts";

/** From an edge on, clients may see the one side or the other. */
const BLUR_US = 1_000_000;

interface Report {
  readonly folder: string;
  readonly findings: readonly { readonly check: string; readonly outcome: string }[];
  readonly steps: readonly object[];
}

interface Ran extends Report {
  readonly record: RunRecord;
  /** The end of what was said beside the report. */
  readonly said: string;
}

/** No cluster of that name before the file's tests, and none after them. */
export function clusterApart(instance: string): void {
  const down = () => ninety(["cluster", "down", "--instance", instance]);
  beforeAll(async () => void (await down()));
  afterAll(async () => {
    expect((await down()).code).toBe(0);
  });
}

/** Runs it to its end, and reads back what it left. */
export async function ran(experiment: string, instance: string): Promise<Ran> {
  const ended = await ninety(["run", experiment, "--json", "--instance", instance]);
  const said = ended.stderr.slice(-4_000);
  expect(ended.stdout, said).not.toBe("");
  const report = JSON.parse(ended.stdout) as Report;
  return { ...report, record: await readRecord(report.folder), said };
}

/** Requests that were meant to start while a step was there for certain: so many at the least. */
export function during(
  { events, requests }: RunRecord,
  id: string,
  atLeast: number,
): readonly Request[] {
  const edge = (name: string): number =>
    events.find((one) => one.type === "fault" && one.id === id && one.edge === name)?.atUs ?? NaN;
  const [fromUs, toUs] = [edge("inject-end") + BLUR_US, edge("heal-begin") - BLUR_US];
  const met = [...requests].filter(({ intendedUs }) => intendedUs > fromUs && intendedUs < toUs);
  expect(met.length).toBeGreaterThan(atLeast);
  return met;
}
