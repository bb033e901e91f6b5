// A run whose stack was patched says so in every report, with the command that makes it again.
import { join } from "node:path";
import { expect, test } from "vitest";
import { byName, loadPlugins } from "../../src/cli/plugins.ts";
import { judge } from "../../src/kernel/judge.ts";
import { measure } from "../../src/measure/measure.ts";
import type { Advice, Measurement } from "../../src/model/measurement.ts";
import type { StackPatch } from "../../src/model/plan.ts";
import { readRecord } from "../../src/store/read-record.ts";

const { checks, reporters } = await loadPlugins();
const small = await readRecord(join(import.meta.dirname, "../golden/records/small"));
const patch: StackPatch = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  name: "server",
  operations: [{ op: "add", path: "/spec/x<y", value: 1 }],
};

function render(reporter: string, change: (measurement: Measurement) => Measurement): string {
  const record = { ...small, plan: { ...small.plan, patches: [patch] } };
  const measurement = change(measure(record));
  const verdict = judge(measurement, record.plan, byName("check", checks));
  const folder = "/somewhere/reports/runs/small/one";
  return byName("reporter", reporters)(reporter).render({ record, measurement, verdict, folder });
}
const same = (measurement: Measurement): Measurement => measurement;

test("console, Markdown, HTML and JSON tell the patch", () => {
  expect(render("console", same)).toContain("  patched Deployment/server: add /spec/x<y = 1");
  expect(render("markdown", same)).toContain("- `Deployment/server: add /spec/x<y = 1`");
  expect(render("html", same)).toContain("<code>Deployment/server: add /spec/x&lt;y = 1</code>");
  expect(JSON.parse(render("json", same))).toMatchObject({ patches: [patch] });
});

test("the command that makes it again has the patch", () => {
  const command = "npm run experiment -- small --seed 1 --patch";
  expect(render("console", same)).toContain(
    `${command} /somewhere/reports/runs/small/one/plan.json`,
  );
  expect(render("markdown", same)).toContain(`${command} reports/runs/small/one/plan.json`);
});

test("advice is numbered through all episodes, as --advice counts", () => {
  const advice = (setting: string): Advice => ({
    lane: "capacity",
    scenario: null,
    object: "Deployment/server",
    setting,
    from: 2,
    to: 1,
    savesMs: 1_000,
    risk: "none",
    patch,
  });
  const segment = {
    from: "inj",
    to: "full",
    took: { is: "value", unit: "ms", value: 1, low: 1, high: 1, n: 1 },
    cause: null,
  } as const;
  const twice = (measurement: Measurement): Measurement => {
    const [episode] = measurement.episodes;
    const capacity = { ...episode!.capacity, waterfall: [segment] };
    const of = { ...episode!, capacity, predicted: 1 };
    return {
      ...measurement,
      episodes: [
        { ...of, advice: [advice("first"), advice("second")] },
        { ...of, advice: [advice("third")] },
      ],
    };
  };
  expect(render("markdown", twice)).toMatch(/\| 3 \| capacity \| third of /);
  expect(render("html", twice)).toMatch(/>3<\/th><td>capacity<\/td><td>third of /);
});
