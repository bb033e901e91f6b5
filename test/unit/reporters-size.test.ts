import { expect, test } from "vitest";
import { byName, loadPlugins } from "../../src/cli/plugins.ts";
import { judge } from "../../src/kernel/judge.ts";
import { measure } from "../../src/measure/measure.ts";
import { longRecord } from "../property/measure-long-made.ts";

const { checks, reporters } = await loadPlugins();

test("the HTML of 15 minutes at 50 requests a second is smaller than 500 KB", () => {
  const record = longRecord();
  expect(record.requests.length).toBeGreaterThan(15 * 60 * 50);
  const measurement = measure(record);
  expect(measurement.completeness.problems).toEqual([]);
  const verdict = judge(measurement, record.plan, byName("check", checks));
  const html = byName("reporter", reporters)("html");
  const text = html.render({ record, measurement, verdict, folder: "reports/runs/made" });
  expect(text).toContain("</html>");
  expect(Buffer.byteLength(text)).toBeLessThan(500_000);
  expect(Buffer.byteLength(text)).toBeGreaterThan(50_000);
});
