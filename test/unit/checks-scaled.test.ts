import { describe, expect, test } from "vitest";
import { scaled } from "../../src/checks/scaled.ts";
import { measure } from "../../src/measure/measure.ts";
import { read } from "../../src/model/fields.ts";
import type { Measurement } from "../../src/model/measurement.ts";
import type { Finding } from "../../src/model/verdict.ts";
import { makeRecord } from "../property/measure-record.ts";

const S = 1_000_000;
const phase = (name: string, fromS: number, untilS: number): Measurement["phases"][number] => ({
  phase: name,
  fromUs: fromS * S,
  untilUs: untilS * S,
});

/** Ready pods at the end of each second; the load begins in second 2, steady in second 6. */
function seen(values: readonly (number | null)[], changes: Partial<Measurement> = {}): Measurement {
  const atUs = values.map((_, second) => second * S);
  return {
    ...measure(makeRecord()),
    phases: [phase("warmup", 2, 6), phase("steady", 6, 9), phase("faults", 9, 9.5)],
    series: [{ metric: "replicas_ready{part=server}", atUs, values }],
    ...changes,
  };
}

const GREW = seen([null, 1, 1, 1, 2, 3, 3, 3, 4, 2]);

function judge(
  options: Parameters<typeof scaled>[0],
  measurement: Measurement,
): readonly Finding[] {
  const problems: string[] = [];
  const params = read("scaled", scaled.definition.params, options, problems);
  expect(problems).toEqual([]);
  return scaled.definition.judge(measurement, params as never);
}
const outcomes = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ outcome }) => outcome);

describe("scaled", () => {
  test("counts the pods that were ready when the phase began", () => {
    expect(judge({ atLeast: 3 }, GREW)).toMatchObject([
      {
        what: "ready pods of server when phase steady began",
        outcome: "pass",
        observed: { value: 3 },
      },
    ]);
    expect(outcomes(judge({ atLeast: 4 }, GREW))).toEqual(["fail"]);
    expect(outcomes(judge({ atLeast: 4, by: "faults" }, GREW))).toEqual(["pass"]);
    // What came in the very second in which the phase began is not counted for it.
    const late = seen([null, 1, 1, 1, 1, 1, 3, 3, 3, 3]);
    expect(outcomes(judge({ atLeast: 3 }, late))).toEqual(["fail"]);
    expect(judge({ atLeast: 2, by: "end" }, GREW)).toMatchObject([
      { what: "ready pods of server when the run ended", outcome: "pass", observed: { value: 2 } },
    ]);
  });

  test("dates their coming from the start of the load, to the second", () => {
    const within = (limit: "3s" | "4s" | "20s", atLeast = 3): readonly Finding[] =>
      judge({ atLeast, within: limit }, GREW).slice(1);
    expect(within("4s")).toMatchObject([
      { outcome: "pass", observed: { low: 3_000, high: 4_000 }, limit: { max: 4_000 } },
    ]);
    expect(outcomes(within("20s"))).toEqual(["pass"]);
    expect(outcomes(judge({ atLeast: 3, within: "3500ms" }, GREW))).toEqual(["pass", "unknown"]);
    expect(outcomes(judge({ atLeast: 3, within: "2s" }, GREW))).toEqual(["pass", "fail"]);
    // Never reached: as long as was looked, and longer.
    expect(within("4s", 5)).toMatchObject([
      { outcome: "fail", observed: { is: "beyond", low: 8_000 } },
    ]);
    expect(outcomes(within("20s", 5))).toEqual(["unknown"]);
  });

  test("is unknown where nothing was seen, and on a record with problems", () => {
    const both = { atLeast: 1, within: "1h" } as const;
    const unknown = ["unknown", "unknown"];
    expect(outcomes(judge({ ...both, part: "ranker" }, GREW))).toEqual(unknown);
    expect(outcomes(judge(both, seen([null, null])))).toEqual(unknown);
    expect(outcomes(judge(both, seen([])))).toEqual(unknown);
    expect(outcomes(judge(both, { ...GREW, phases: [] }))).toEqual(unknown);
    expect(outcomes(judge(both, seen([], { series: [] })))).toEqual(unknown);
    const torn = { ...GREW.completeness, problems: ["a line is torn"] };
    const findings = judge(both, { ...GREW, completeness: torn });
    expect(outcomes(findings)).toEqual(unknown);
    expect(findings[0]!.observed).toMatchObject({ why: "the record has problems: a line is torn" });
    const before = seen([null, null, null, null, null, null, 3, 3]);
    expect(outcomes(judge({ atLeast: 1 }, before))).toEqual(["unknown"]);
  });
});

test("a part that scales has a line of its ready pods, from what the watches told", () => {
  const record = makeRecord();
  const stack = record.plan.stack.map((part) => ({ ...part, replicas: null }));
  const line = (of: Measurement): unknown =>
    of.series.find(({ metric }) => metric.startsWith("replicas_ready{part=server}"))?.values;
  const scales = measure({ ...record, plan: { ...record.plan, stack } });
  expect(line(scales)).toEqual(line(measure(record)));
  expect(outcomes(judge({ atLeast: 3 }, scales))).toEqual(["pass"]);
  expect(outcomes(judge({ atLeast: 4 }, scales))).toEqual(["fail"]);
});
