// Reasons in the reports for people, to the byte. After a wanted change: UPDATE=1 npm test
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { judge } from "../../src/kernel/judge.ts";
import { measure } from "../../src/measure/measure.ts";
import { byName, loadPlugins } from "../../src/cli/plugins.ts";
import { restartsRecord, staleRecord } from "../property/measure-reasons-made.ts";

const { checks, reporters } = await loadPlugins();
const RECORDS = { stale: staleRecord(), restarts: restartsRecord() };

function rendered(name: keyof typeof RECORDS, by: string): string {
  const record = {
    ...RECORDS[name],
    plan: {
      ...RECORDS[name].plan,
      checks: [{ name: "recovery", params: { serviceMs: 20_000, capacityMs: 90_000 } }],
    },
  };
  const measurement = measure(record);
  const verdict = judge(measurement, record.plan, byName("check", checks));
  const reporter = byName("reporter", reporters)(by);
  return reporter.render({ record, measurement, verdict, folder: "reports/runs/made" });
}

for (const name of ["stale", "restarts"] as const) {
  test(`console: ${name}`, () => {
    const text = rendered(name, "console");
    const file = join(import.meta.dirname, `reasons-${name}.console.txt`);
    if (process.env["UPDATE"] === "1") writeFileSync(file, text);
    expect(text).toBe(readFileSync(file, "utf8"));
  });
}

test("html has the reason, what to do, and what proves it", () => {
  const text = rendered("stale", "html");
  expect(text).toContain('<th scope="row">service, new</th><td>new connections are sent to');
  expect(text).toContain("<td>reuse connections; or retry");
  expect(text).toContain("what proves it</summary><code>{&quot;backends&quot;:[");
});
