// Record in, reports out, to the byte. After a wanted change: UPDATE=1 npm test
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { judge } from "../../src/kernel/judge.ts";
import { measure } from "../../src/measure/measure.ts";
import { byName, loadPlugins } from "../../src/cli/plugins.ts";
import { judgeSuite } from "../../src/kernel/suite.ts";
import type { SuiteRecord } from "../../src/model/suite.ts";
import { richRecord } from "../property/measure-rich-made.ts";
import { GROUPS, MANY } from "../support/many-runs.ts";
import { readRecord } from "../../src/store/read-record.ts";

const records = join(import.meta.dirname, "records");
const { checks, reporters } = await loadPlugins();

test("there is a report to look at", () => {
  expect(reporters.map(({ name }) => name).sort()).toEqual([
    "console",
    "html",
    "json",
    "junit",
    "markdown",
    "svg",
  ]);
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
    sameAs(`small.${reporter.file ?? "console.txt"}`, text);
  });
}

for (const name of ["html", "junit", "markdown", "svg"]) {
  test(`${name} of a record with something of all that can be shown`, () => {
    const record = richRecord();
    const measurement = measure(record);
    const verdict = judge(measurement, record.plan, byName("check", checks));
    const reporter = byName("reporter", reporters)(name);
    const text = reporter.render({ record, measurement, verdict, folder: "reports/runs/rich" });
    sameAs(`rich.${reporter.file}`, text);
  });
}

test("a slow recovery is called a ramp, beside its class", async () => {
  const record = await readRecord(join(records, "small"));
  const measured = measure(record);
  const ramp = { is: "beyond", unit: "ms", low: 2_000, n: 80 } as const;
  const measurement = {
    ...measured,
    episodes: measured.episodes.map((episode) => ({
      ...episode,
      service: Object.fromEntries(
        Object.entries(episode.service).map(([name, lane]) => [name, { ...lane, ramp }]),
      ),
    })),
  };
  const verdict = judge(measurement, record.plan, byName("check", checks));
  const said = (name: string): string =>
    reporters
      .find((one) => one.name === name)!
      .render({ record, measurement, verdict, folder: "reports/runs/small" });
  expect(said("console")).toMatch(/service, new connections +RECOVERED .*, ramp\n/u);
  expect(said("html")).toContain("RECOVERED, ramp</span>");
  expect(said("markdown")).toMatch(/service, new connections +\| RECOVERED, ramp/u);
  expect(said("console").match(/ramp/gu)!.length).toBe(measured.episodes.length);
});

function sameAs(name: string, text: string): void {
  const file = join(import.meta.dirname, name);
  if (process.env["UPDATE"] === "1") writeFileSync(file, text);
  expect(text).toBe(readFileSync(file, "utf8"));
}

// Every case of a suite: as stated and not, without a result, INVALID at first, left out; contrasts
// that are compared, censored, of two levels, and without a result.
const suite = JSON.parse(
  readFileSync(join(import.meta.dirname, "suites/small.json"), "utf8"),
) as SuiteRecord;

test("the small suite is judged to what it says", () => {
  expect(judgeSuite(suite)).toEqual(suite);
  expect(suite.runs.map(({ asStated }) => asStated)).toEqual([
    "yes",
    "yes",
    "no",
    "unknown",
    "yes",
  ]);
});

for (const reporter of reporters) {
  if (!reporter.suite) continue;
  const render = reporter.suite;
  test(`${reporter.name} of the small suite`, () => {
    const text = render({ suite, folder: "/somewhere/reports/runs/small/20260101T000000Z-s" });
    expect(render({ suite, folder: "/somewhere/reports/runs/small/20260101T000000Z-s" })).toBe(
      text,
    );
    sameAs(`suite.${reporter.file ?? "console.txt"}`, text);
  });
}

for (const reporter of reporters) {
  if (!reporter.many) continue;
  const render = reporter.many;
  for (const [kind, many] of Object.entries(MANY)) {
    test(`${reporter.name} of many runs, ${kind}`, () => {
      const text = render(many, GROUPS);
      const turned = { a: [...GROUPS.a].reverse(), b: [...GROUPS.b].reverse() };
      expect(render(many, turned)).toBe(text);
      sameAs(`${kind}.${reporter.file}`, text);
    });
  }
}
