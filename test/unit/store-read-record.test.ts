// Requests are kept packed: what comes out is what was written, and is measured the same.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { measure } from "../../src/measure/measure.ts";
import { OUTCOMES, type Request } from "../../src/model/request.ts";
import { PackedRequests } from "../../src/store/packed-requests.ts";
import { readDone, readRecord } from "../../src/store/read-record.ts";
import { ROOT } from "../support/ninety.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ninety-record-"));
  cpSync(join(ROOT, "test/golden/records/small"), folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const text = readFileSync(join(ROOT, "test/golden/records/small/requests.ndjson"), "utf8");
const lines = text.trim().split("\n");
const written = lines.slice(0, -1).map((line) => JSON.parse(line) as Request);

const timeUs = fc.integer({ min: 0, max: 2 ** 40 });
const awayUs = fc.integer({ min: 0, max: 2 ** 30 });
/** A request with just the fields that its outcome has. */
const request = fc
  .record({
    id: fc.oneof(fc.integer({ min: 0, max: 1_000 }), fc.constantFrom(2 ** 32, -1, 0.5)),
    scenario: fc.constantFrom("new", "reused", ""),
    intendedUs: fc.oneof(timeUs, fc.constantFrom(0.5, -1)),
    attempts: fc.constantFrom(0, 1, 254, 255, 1_000),
    outcome: fc.constantFrom(...OUTCOMES),
    awayUs: fc.tuple(awayUs, fc.oneof(awayUs, fc.constantFrom(-5, 2 ** 33, 0.25)), awayUs),
    connection: fc.constantFrom("new", "reused"),
    status: fc.constantFrom(100, 200, 599, 70_000),
    backend: fc.constantFrom("", "a", "b"),
    cut: fc.boolean(),
  })
  .map((of) => {
    const { id, scenario, intendedUs, attempts, outcome, awayUs: away } = of;
    const asked = { id, scenario, intendedUs, attempts, outcome };
    if (outcome === "dropped") return asked;
    const startUs = intendedUs + away[0];
    if (outcome === "open") return { ...asked, startUs };
    const ended = { ...asked, startUs, endUs: startUs + away[1] };
    if (["dns", "refused", "connect-timeout", "tls"].includes(outcome)) return ended;
    const { connection, status, backend } = of;
    const first = startUs + away[2];
    if (outcome === "reset" || outcome === "timeout") {
      return { ...ended, connection, firstByteUs: of.cut ? null : first };
    }
    return { ...ended, connection, firstByteUs: first, status, backend };
  });

test("whatever was pushed comes out, in order and by its place", () => {
  fc.assert(
    fc.property(fc.array(request, { maxLength: 40 }), (all) => {
      const packed = new PackedRequests();
      for (const one of all) packed.push(one);
      expect([...packed]).toEqual(all);
      expect(packed.length).toBe(all.length);
      expect(packed.at(-1)).toEqual(all.at(-1));
      expect(packed.at(all.length)).toBeUndefined();
    }),
    { numRuns: 300 },
  );
});

test("more than a chunk", () => {
  const packed = new PackedRequests();
  for (let id = 0; id < 140_000; id += 1) packed.push({ ...written[0], id });
  expect(packed.at(65_535)?.id).toBe(65_535);
  expect(packed.at(65_536)?.id).toBe(65_536);
  expect(packed.at(-1)?.id).toBe(139_999);
});

test("a field that no such request has is left out; a wrong line is kept as it is", () => {
  const packed = new PackedRequests();
  packed.push({ ...written[0], colour: "red" });
  packed.push({ id: 1, scenario: "new", intendedUs: 5, outcome: "explode" });
  expect([...packed]).toEqual([
    written[0],
    { id: 1, scenario: "new", intendedUs: 5, outcome: "explode" },
  ]);
});

test("a record is measured the same from an array and as it is read, plain and gzip", async () => {
  const plain = await readRecord(folder);
  expect([...plain.requests]).toEqual(written);
  const measured = measure({ ...plain, requests: written });
  expect(measure(plain)).toEqual(measured);
  rmSync(join(folder, "requests.ndjson"));
  writeFileSync(join(folder, "requests.ndjson.gz"), gzipSync(text));
  expect(measure(await readRecord(folder))).toEqual(measured);
});

test("gzip that was cut gives what it holds; what is no gzip gives nothing, and says so", async () => {
  const whole = gzipSync(text);
  const half = Math.floor(whole.length / 2);
  const gz = join(folder, "requests.ndjson.gz");
  rmSync(join(folder, "requests.ndjson"));
  writeFileSync(gz, whole.subarray(0, half));
  const cut = await readRecord(folder);
  expect(cut.requestsEnd).toBeNull();
  expect(cut.requests.length).toBeGreaterThan(100);
  expect([...cut.requests]).toEqual(written.slice(0, cut.requests.length));
  const spoiled = Buffer.from(whole);
  spoiled.fill(0xff, half, half + 200);
  for (const bytes of [spoiled, Buffer.from("no gzip at all")]) {
    writeFileSync(gz, bytes);
    const record = await readRecord(folder);
    expect(record.requests.length).toBe(0);
    expect(record.problems).toEqual([
      expect.stringContaining("requests.ndjson.gz is cut or not gzip"),
    ]);
  }
});

test("lines that are no JSON object are told with their number and what stands there", async () => {
  const file = join(folder, "requests.ndjson");
  writeFileSync(file, [lines[0], "{", "", "null", "[]", ...lines.slice(1)].join("\n"));
  const { problems, requests } = await readRecord(folder);
  expect(problems).toEqual([
    'requests.ndjson line 2 must be a JSON object, got "{" (and 2 more lines)',
  ]);
  expect(requests.length).toBe(written.length);
  writeFileSync(file, "{\n".repeat(5_000));
  expect((await readRecord(folder)).problems).toEqual([
    'requests.ndjson line 1 must be a JSON object, got "{" (and 4999 more lines)',
  ]);
});

test("lines may end as on Windows, and nothing of a line reaches a terminal unseen", async () => {
  const file = join(folder, "events.ndjson");
  const before = await readRecord(folder);
  const all = readFileSync(file, "utf8").replaceAll("\n", "\r\n");
  writeFileSync(file, `${all}\r\n`);
  expect(await readRecord(folder)).toMatchObject({ events: before.events, problems: [] });
  writeFileSync(file, `${all}{"atUs":0,"type":"\u009b2J\u202e"}`);
  const { problems } = await readRecord(folder);
  expect(problems[0]).toMatch(/, got "\\u009b2J\\u202e"$/);
});

/** A line of a file with one field changed, and what is then said of it. */
const WRONG: readonly (readonly [file: string, of: RegExp, change: object, problem: string])[] = [
  [
    "requests.ndjson",
    /"outcome":"ok"/,
    { attempts: "x" },
    'attempts must be a whole number of at least 0, got "x"',
  ],
  [
    "requests.ndjson",
    /"outcome":"ok"/,
    { backend: undefined },
    "backend must be a text, got nothing",
  ],
  [
    "requests.ndjson",
    /"outcome":"ok"/,
    { status: 99 },
    "status must be a whole number of 100 to 999, got 99",
  ],
  [
    "requests.ndjson",
    /"outcome":"ok"/,
    { outcome: "fine" },
    expect.stringMatching(/outcome must be one of dropped, open, .*bad-content, got "fine"$/),
  ],
  [
    "requests.ndjson",
    /"outcome":"ok"/,
    { outcome: "refused", endUs: 1, firstByteUs: undefined },
    expect.stringMatching(/endUs must be at least startUs, got 1 where startUs is \d+/),
  ],
  [
    "requests.ndjson",
    /"end":true/,
    { requests: -1 },
    "requests must be a whole number of at least 0, got -1",
  ],
  [
    "events.ndjson",
    /"phase":"steady"/,
    { phase: "calm" },
    "phase must be one of preflight, deploy, warmup, steady, faults, observe, teardown, end, " +
      'got "calm"',
  ],
  [
    "events.ndjson",
    /"phase":"steady"/,
    { type: "face" },
    'type must be one of phase, fault, prediction, damage, cluster, error, got "face"',
  ],
  [
    "events.ndjson",
    /"inject-begin"/,
    { targets: [null] },
    "targets[0] must be an object, got null",
  ],
  [
    "events.ndjson",
    /"inject-begin"/,
    { effects: [{ id: "f01.0", effect: { kind: "cordon", node: 5 } }] },
    "effects[0].effect.node must be a text, got 5",
  ],
  [
    "events.ndjson",
    /"inject-end"/,
    { stampUs: undefined },
    "stampUs must be a whole number of at least 0, got nothing",
  ],
  [
    "events.ndjson",
    /"type":"cluster"/,
    { notBeforeUs: 2 ** 50 },
    expect.stringMatching(/^atUs must be at least notBeforeUs, got \d+ where notBeforeUs is \d+$/),
  ],
  ["samples.ndjson", /./, { value: null }, "value must be a number, got null"],
  ["samples.ndjson", /./, { tags: { pod: 1 } }, "tags.pod must be a text, got 1"],
];

test.each(WRONG)("%s, the line of %s with %o is told", async (file, of, change, problem) => {
  const path = join(folder, file);
  const all = readFileSync(path, "utf8").trimEnd().split("\n");
  const nth = all.findIndex((line) => of.test(line));
  all[nth] = JSON.stringify({ ...(JSON.parse(all[nth]!) as object), ...change });
  writeFileSync(path, all.join("\n"));
  const { problems } = await readRecord(folder);
  expect(problems).toHaveLength(1);
  const [where, said] = problems[0]!.split(/: (.*)/);
  expect(where).toBe(`${file} line ${nth + 1}`);
  expect(said).toEqual(problem);
});

test("lines that are wrong in the same way are one problem, at most a hundred ways", async () => {
  const file = join(folder, "requests.ndjson");
  const bad = written.map((one) => JSON.stringify({ ...one, attempts: -1 }));
  writeFileSync(file, [...bad, lines.at(-1)].join("\n"));
  const record = await readRecord(folder);
  expect(record.problems).toEqual([
    "requests.ndjson line 1: attempts must be a whole number of at least 0, got -1 " +
      `(and ${bad.length - 1} more lines)`,
  ]);
  // They say which requests they are: measured all the same, and never a pass.
  expect(record.requests.length).toBe(bad.length);
  const tags = (nth: number): object => ({ [`tag${nth}`]: nth });
  const samples = Array.from({ length: 300 }, (_, nth) =>
    JSON.stringify({ atUs: 1, metric: "m", value: 1, tags: tags(nth) }),
  );
  writeFileSync(join(folder, "samples.ndjson"), samples.join("\n"));
  expect((await readRecord(folder)).problems).toHaveLength(100);
});

test("a line with more mistakes than can be told", async () => {
  const line = JSON.stringify({ atUs: 1, type: "prediction", segments: Array(200_000).fill(0) });
  writeFileSync(join(folder, "events.ndjson"), line);
  const { problems } = await readRecord(folder);
  expect(problems).toHaveLength(100);
  expect(problems[0]).toBe("events.ndjson line 1: segments[0] must be an object, got 0");
});

test("what does not fit is not measured, and fields that are not known are passed over", async () => {
  const file = join(folder, "events.ndjson");
  const all = readFileSync(file, "utf8").trimEnd().split("\n");
  const more = all.map((line) => JSON.stringify({ ...(JSON.parse(line) as object), colour: 1 }));
  const before = await readRecord(folder);
  writeFileSync(file, [...more, '{"atUs":5,"type":"fault"}'].join("\n"));
  const record = await readRecord(folder);
  expect(record.events).toHaveLength(before.events.length);
  expect(record.problems).toEqual([
    expect.stringMatching(/^events\.ndjson line \d+: edge must be one of inject-begin, /),
  ]);
});

test("a plan that does not fit cannot be judged: each field that is wrong is told", async () => {
  const file = join(folder, "plan.json");
  const plan = JSON.parse(readFileSync(file, "utf8")) as Record<string, object>;
  const slo = { ...plan["slo"], withinMs: "fast" };
  writeFileSync(file, JSON.stringify({ ...plan, slo, steps: [{ id: "f01" }], schema: 2 }));
  const message = await readRecord(folder).then(
    () => "",
    (error: unknown) => (error as Error).message,
  );
  expect(message).toContain(`${file}: schema must be 1, got 2`);
  expect(message).toContain('; plan.json: slo.withinMs must be a number above 0, got "fast"');
  expect(message).toMatch(
    /plan\.json: steps\[0\]\.fault must be a text that is not empty, got nothing; .*and \d+ more$/,
  );
});

test("an environment that does not fit is a problem, and none", async () => {
  const file = join(folder, "environment.json");
  const { cluster, ...rest } = JSON.parse(readFileSync(file, "utf8")) as Record<string, object>;
  writeFileSync(file, JSON.stringify({ ...rest, cluster: { ...cluster, versions: 5 } }));
  const { environment, problems } = await readRecord(folder);
  expect(environment).toBeNull();
  expect(problems).toEqual(["environment.json: cluster.versions must be an object, got 5"]);
});

test("what was done is read to be undone, whatever else is wrong", async () => {
  const file = join(folder, "events.ndjson");
  const text = readFileSync(file, "utf8").replace('"lateUs":', '"laterUs":');
  writeFileSync(file, `${text}{"atUs":9,"type":"fault","id":"f09","edge":"inject-begin"}\n{`);
  for (const name of ["plan.json", "requests.ndjson"]) rmSync(join(folder, name));
  const { events, problems, monotonicStartUs } = await readDone(folder);
  expect(monotonicStartUs).toBe(1_000_000);
  const begun = events.filter((one) => one.type === "fault" && one.edge === "inject-begin");
  expect(begun.length).toBeGreaterThan(0);
  expect(begun.map((one) => (one as { readonly id: string }).id)).not.toContain("f09");
  expect(problems).toEqual([
    expect.stringMatching(/^events\.ndjson line \d+ must be a JSON object, got "\{"$/),
    expect.stringMatching(/effects must be a list, got nothing$/),
    expect.stringMatching(/lateUs must be a whole number of at least 0, got nothing \(and 1 more/),
    expect.stringMatching(/targets must be a list, got nothing$/),
  ]);
  writeFileSync(join(folder, "environment.json"), "{");
  const without = await readDone(folder);
  expect(without.events).toEqual(events);
  expect(without.monotonicStartUs).toBeNull();
  expect(without.problems[0]).toContain("environment.json must be JSON: ");
  rmSync(file);
  await expect(readDone(folder)).rejects.toThrow("is not a run: it has no events.ndjson");
});
