import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { judge } from "../../src/kernel/judge.ts";
import { measure } from "../../src/measure/measure.ts";
import type { ArtifactIndex } from "../../src/model/artifact.ts";
import type { Reporter } from "../../src/ports/reporter.ts";
import { consoleSummary } from "../../src/reporters/console.ts";
import { html } from "../../src/reporters/html.ts";
import { json } from "../../src/reporters/json.ts";
import { byName, loadPlugins } from "../../src/cli/plugins.ts";
import { readRecord } from "../../src/store/read-record.ts";
import { openRunLog } from "../../src/store/run-log.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";

let folder = "";
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "ninety-artifacts-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("an artifact is written below artifacts/, again whole, and never anywhere else", async () => {
  const log = await openRunLog(folder, new VirtualClock());
  await log.artifact("logs/ns/a/c.log", "first\n");
  await log.artifact("logs/ns/a/c.log", "second\n");
  expect(readFileSync(join(folder, "artifacts/logs/ns/a/c.log"), "utf8")).toBe("second\n");
  for (const path of ["../plan.json", "/tmp/x", "a/../../plan.json", "..", "a/"]) {
    await expect(log.artifact(path, "x")).rejects.toThrow("an artifact's path must be");
  }
  expect(existsSync(join(folder, "plan.json"))).toBe(false);
  await log.close(false);
});

const INDEX: ArtifactIndex = {
  schema: 1,
  files: [
    { path: "logs/ns/a/c.previous.log", bytes: 12_000, cutBytes: 0 },
    { path: "cluster/n1/kubelet.log", bytes: 1_000_000, cutBytes: 5_000 },
    { path: '../"><b>', bytes: 1, cutBytes: null },
  ],
  leftOut: [{ what: "log of ns/b", why: "<gone>" }],
  bytes: 1_012_001,
  tookMs: 51,
  besideRun: { reads: 3, readMs: 66 },
};

async function render(reporter: Reporter): Promise<string> {
  cpSync(join(import.meta.dirname, "../golden/records/small"), folder, { recursive: true });
  const record = await readRecord(folder);
  const measurement = measure(record);
  const checks = byName("check", (await loadPlugins()).checks);
  const verdict = judge(measurement, record.plan, checks);
  return reporter.render({ record, measurement, verdict, folder: "reports/runs/x" });
}
function writeIndex(text: string): void {
  mkdirSync(join(folder, "artifacts"), { recursive: true });
  writeFileSync(join(folder, "artifacts/index.json"), text);
}

test("reports list what was collected, link to it, and say what is not there", async () => {
  writeIndex(JSON.stringify(INDEX));
  const page = await render(html);
  expect(page).toContain(
    '<a href="artifacts/logs/ns/a/c.previous.log">logs/ns/a/c.previous.log</a>',
  );
  expect(page).toContain("5,000 bytes left out");
  expect(page).toContain("log of ns/b: &lt;gone&gt;");
  // Anybody's text: no link leaves the folder, and nothing of it is HTML.
  expect(page).not.toContain("artifacts/..");
  expect(page).not.toContain('"><b>');
  expect(await render(consoleSummary)).toContain("  logs    reports/runs/x/artifacts  (3 files)");
  expect(JSON.parse(await render(json))).toMatchObject({ artifacts: INDEX });
});

test.each(["", "{", "[]", '{"files":[{}],"leftOut":[],"bytes":1}', '{"files":3}'])(
  "an index that cannot be read (%s) changes no report and no verdict",
  async (text) => {
    const without = await render(json);
    writeIndex(text);
    expect(await render(json)).toBe(without);
    expect(await render(html)).not.toContain("Logs and objects");
  },
);
