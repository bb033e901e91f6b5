import { expect, test } from "vitest";
import { byName, loadPlugins } from "../../src/cli/plugins.ts";
import { judge } from "../../src/kernel/judge.ts";
import { measure } from "../../src/measure/measure.ts";
import { makeRecord } from "../property/measure-record.ts";

const { checks, reporters } = await loadPlugins();

test("the HTML of 15 minutes at 50 requests a second is smaller than 500 KB", () => {
  const made = { rateRps: 25, steadyS: 300, faultS: 300, observeS: 300, background: 0.01 };
  const outages = Array.from({ length: 20 }, (_, nth) => ({
    fromS: nth * 15,
    untilS: nth * 15 + 7,
    share: 0.5,
  }));
  const record = makeRecord({ ...made, outages });
  expect(record.requests.length).toBeGreaterThan(15 * 60 * 50);
  const measurement = measure(record);
  const verdict = judge(measurement, record.plan, byName("check", checks));
  const html = byName("reporter", reporters)("html");
  const text = html.render({ record, measurement, verdict, folder: "reports/runs/made" });
  expect(text).toContain("</html>");
  expect(Buffer.byteLength(text)).toBeLessThan(500_000);
  expect(Buffer.byteLength(text)).toBeGreaterThan(50_000);
});
