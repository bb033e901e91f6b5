// The order of lines in a record's files changes no byte of any report.
import { expect, test } from "vitest";
import { byName, loadPlugins } from "../../src/cli/plugins.ts";
import { judge } from "../../src/kernel/judge.ts";
import { measure } from "../../src/measure/measure.ts";
import type { RunRecord } from "../../src/model/record.ts";
import { shuffled } from "../property/measure-record.ts";
import { richRecord } from "../property/measure-rich-made.ts";

const { checks, reporters } = await loadPlugins();
const rich = richRecord();
// Several events of one microsecond, as a watch tells them after a gap.
const record = {
  ...rich,
  events: rich.events.map((event) =>
    event.type === "cluster"
      ? { ...event, atUs: Math.round(event.atUs / 500_000) * 500_000 }
      : event,
  ),
};

function rendered(of: RunRecord): readonly (readonly [name: string, text: string])[] {
  const measurement = measure(of);
  const verdict = judge(measurement, of.plan, byName("check", checks));
  const folder = "reports/runs/made";
  return reporters.map((reporter) => [
    reporter.name,
    reporter.render({ record: of, measurement, verdict, folder }),
  ]);
}

test("the same record twice: the same bytes, of every report", () => {
  expect(rendered(record)).toEqual(rendered(structuredClone(record)));
});

for (const seed of [1, 2, 3]) {
  test(`lines in another order, ${seed}: the same bytes, of every report`, () => {
    const other = {
      ...record,
      events: shuffled(record.events, seed),
      requests: shuffled(record.requests, seed),
      samples: shuffled(record.samples, seed),
    };
    expect(other.events).not.toEqual(record.events);
    expect(rendered(other)).toEqual(rendered(record));
  });
}
