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
import { readRecord } from "../../src/store/read-record.ts";
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

test("lines that cannot be read are counted: the same in any order", async () => {
  const file = join(folder, "requests.ndjson");
  writeFileSync(file, [lines[0], "{", "", "null", ...lines.slice(1)].join("\n"));
  const { problems, requests } = await readRecord(folder);
  expect(problems).toEqual(["requests.ndjson: a line that is not a JSON object (2 times)"]);
  expect(requests.length).toBe(written.length);
  writeFileSync(file, "{\n".repeat(5_000));
  expect((await readRecord(folder)).problems).toEqual([
    "requests.ndjson: a line that is not a JSON object (5000 times)",
  ]);
});
