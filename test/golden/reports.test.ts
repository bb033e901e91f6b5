// Record in, reports out, to the byte. After a wanted change: UPDATE=1 npm test
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { judge } from "../../src/kernel/judge.ts";
import { measure } from "../../src/measure/measure.ts";
import { byName, loadPlugins } from "../../src/cli/plugins.ts";
import { readRecord } from "../../src/store/read-record.ts";

const records = join(import.meta.dirname, "records");
const { checks, reporters } = await loadPlugins();

test("there is a report to look at", () => {
  expect(reporters.map(({ name }) => name).sort()).toEqual(["console", "html", "json"]);
});

for (const reporter of reporters) {
  test(`${reporter.name} of the small record`, async () => {
    const record = await readRecord(join(records, "small"));
    const measurement = measure(record);
    const verdict = judge(measurement, record.plan, byName("check", checks));
    const render = (): string =>
      reporter.render({ record, measurement, verdict, folder: "reports/runs/small" });
    const text = render();
    expect(render()).toBe(text);
    const file = join(import.meta.dirname, `small.${reporter.file ?? "console.txt"}`);
    if (process.env["UPDATE"] === "1") writeFileSync(file, text);
    expect(text).toBe(readFileSync(file, "utf8"));
  });
}
