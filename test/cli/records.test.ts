// check and report through the front door, on a record that another tool may have written.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ninety, ROOT } from "../support/ninety.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ninety-record-"));
  cpSync(join(ROOT, "test/golden/records/small"), folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const path = (name: string): string => join(folder, name);
const edit = (name: string, change: (text: string) => string): void =>
  writeFileSync(path(name), change(readFileSync(path(name), "utf8")));

test("a whole record passes, with one object on stdout and nothing else there", async () => {
  const { code, stdout, stderr } = await ninety(["check", folder, "--json"]);
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ outcome: "pass", experiment: "small" });
  expect(stdout.trim().split("\n")).toHaveLength(1);
});

test("report writes the reports beside the record", async () => {
  expect((await ninety(["report", folder])).code).toBe(0);
  expect(readFileSync(path("report.html"), "utf8")).toContain("<h1>small</h1>");
  expect(JSON.parse(readFileSync(path("verdict.json"), "utf8"))).toMatchObject({ outcome: "pass" });
});

test("lines in another order give the identical verdict", async () => {
  const before = (await ninety(["check", folder, "--json"])).stdout;
  for (const name of ["events.ndjson", "requests.ndjson"]) {
    edit(name, (text) => `${text.trim().split("\n").reverse().join("\n")}\n`);
  }
  expect((await ninety(["check", folder, "--json"])).stdout).toBe(before);
});

const damages: readonly (readonly [
  what: string,
  name: string,
  change: (text: string) => string,
])[] = [
  ["no end line", "requests.ndjson", (text) => text.trim().split("\n").slice(0, -1).join("\n")],
  ["a lost request", "requests.ndjson", (text) => text.split("\n").slice(1).join("\n")],
  ["a cut line", "requests.ndjson", (text) => text.slice(0, -400)],
  ["no requests", "requests.ndjson", () => ""],
  ["no events", "events.ndjson", () => ""],
  ["no proof", "events.ndjson", (text) => text.replace('"edge":"proved"', '"edge":"unproved"')],
  [
    "dropped requests",
    "requests.ndjson",
    (text) => text.replaceAll('"outcome":"ok"', '"outcome":"dropped"'),
  ],
];
for (const [what, name, change] of damages) {
  test(`${what}: never a pass`, async () => {
    edit(name, change);
    const { code, stderr } = await ninety(["check", folder]);
    expect(code, stderr).toBeGreaterThanOrEqual(1);
    expect(code).toBeLessThanOrEqual(2);
  });
}

test("a line that breaks the format is told by file, line, field, rule and value", async () => {
  edit("events.ndjson", (text) => text.replace('"stampUs":', '"stampUs":"late","was":'));
  edit("requests.ndjson", (text) => text.replace('"attempts":1', '"attempts":-1'));
  const before = readFileSync(path("events.ndjson"), "utf8").split('"stampUs"')[0]!;
  const line = before.split("\n").length;
  const { code, stdout, stderr } = await ninety(["check", folder]);
  expect(code, stderr).toBe(2);
  expect(stdout).toContain(
    `events.ndjson line ${line}: stampUs must be a whole number of at least 0, got "late"`,
  );
  expect(stdout).toContain(
    "requests.ndjson line 1: attempts must be a whole number of at least 0, got -1",
  );
  expect(stderr).toBe("");
});

test("a plan that breaks the format is exit 3 and says where", async () => {
  edit("plan.json", (text) => text.replace(/"withinMs": ?\d+/, '"withinMs":"fast"'));
  const { code, stdout, stderr } = await ninety(["check", folder]);
  expect(code).toBe(3);
  expect(stdout).toBe("");
  expect(stderr).toContain('plan.json: slo.withinMs must be a number above 0, got "fast"');
});

test("the example in the docs is judged, and its minimum is what is there", async () => {
  const example = join(ROOT, "docs/example-record");
  expect(readdirSync(example).sort()).toEqual(["events.ndjson", "plan.json", "requests.ndjson"]);
  const { code, stdout, stderr } = await ninety(["check", "docs/example-record"]);
  expect(code, stderr).toBe(0);
  expect(stdout).toContain("PASS  shop-loses-a-pod");
  expect(stdout).toMatch(/service, new connections +RECOVERED +1\.\d+ s/);
  expect(stdout).toMatch(/capacity +RECOVERED +6\.\d+ s/);
  // Judged and nothing written.
  expect(readdirSync(example)).toHaveLength(3);
});
