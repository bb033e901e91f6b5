import { appendFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { usageOf } from "../../src/load/k6/health.ts";
import { LineTail } from "../../src/load/k6/line-tail.ts";
import { readRawLine } from "../../src/load/k6/raw-line.ts";
import { K6Load } from "../../src/load/k6/running.ts";
import type { Request } from "../../src/model/request.ts";
import type { HostProcess } from "../../src/ports/cluster.ts";

let folder: string;
let recordPath: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ninety-load-unit-"));
  recordPath = join(folder, "record.ndjson");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const dropped = (tick: number): string =>
  JSON.stringify({ scenario: "new", tick, state: "dropped", intendedUs: 10 + tick, attempts: 0 });
const end = (requests: number): string => JSON.stringify({ end: true, requests });

/** A k6 that has written these lines and ends when asked to. */
function k6(lines: readonly string[]): {
  readonly load: K6Load;
  readonly requests: Request[];
  readonly signals: string[];
  readonly exit: (code: number) => void;
} {
  const exited = Promise.withResolvers<Awaited<HostProcess["ended"]>>();
  const signals: string[] = [];
  const requests: Request[] = [];
  writeFileSync(recordPath, lines.map((line) => `${line}\n`).join(""));
  const load = new K6Load({
    process: {
      pid: process.pid,
      onLine: () => {},
      kill: (signal) => void signals.push(signal),
      ended: exited.promise,
    },
    recordPath,
    logPath: join(folder, "k6.log"),
    scenarios: ["new"],
    monotonicStartUs: 10,
    onRequest: (request) => requests.push(request),
    onSample: () => {},
  });
  return {
    load,
    requests,
    signals,
    exit: (code) => exited.resolve({ code, signal: null, stderr: "" }),
  };
}

test("stopped and complete: it has ended, and the raw record is gone", async () => {
  const { load, requests, signals, exit } = k6([dropped(0), dropped(1), end(2)]);
  const stopped = load.stop(1_000);
  exit(0);
  await stopped;
  await load.ended;
  expect(requests.map((one) => [one.id, one.intendedUs])).toEqual([
    [0, 0],
    [1, 1],
  ]);
  expect(signals).toEqual([]);
  expect(existsSync(recordPath)).toBe(false);
});

test.each([
  ["no last line", [dropped(0)], "k6 must write its last line, but it ended (exit code 0)"],
  ["fewer than told", [dropped(0), end(2)], "its record must hold 2 requests, got 1"],
  [
    "a gap",
    [dropped(0), dropped(2), end(2)],
    "each tick of new must be told, but tick 1 is missing",
  ],
  ["told twice", [dropped(0), dropped(0), end(2)], "tick 0 of new was told twice"],
  ["more after the end", [dropped(0), end(1), dropped(1)], "a line after the last one"],
  ["not a line", ["{"], "JSON"],
])("%s: the load died, the run is unknown", async (_what, lines, message) => {
  const { load, exit } = k6(lines);
  const ended = expect(load.ended).rejects.toMatchObject({
    exit: 2,
    message: expect.stringContaining(message),
  });
  const stopped = load.stop(1_000);
  exit(0);
  await ended;
  await stopped;
});

test("complete but not asked to end: the load died, and so did its begin", async () => {
  const { load, exit } = k6([dropped(0), end(1)]);
  exit(0);
  await expect(load.ended).rejects.toThrow("it must go on until it is stopped");
  await expect(load.begun).rejects.toThrow("it must go on until it is stopped");
});

test("a file that grows is read in whole lines, also across chunks", async () => {
  const tail = new LineTail(recordPath);
  const lines: string[] = [];
  const take = (line: string): number => lines.push(line);
  await tail.read(take);
  expect(lines).toEqual([]);
  const long = "é".repeat(20_000);
  const written = Array.from({ length: 40 }, (_, at) => `${at}${long}`);
  const text = `${written.join("\n")}\n`;
  for (let at = 0; at < text.length; at += 123_457) {
    appendFileSync(recordPath, text.slice(at, at + 123_457));
    await tail.read(take);
  }
  expect(lines).toEqual(written);
  appendFileSync(recordPath, "x".repeat(70_000));
  await expect(tail.read(take)).rejects.toThrow("a line must be at most 65536 bytes");
  await tail.close();
});

test("lines of the generator are told apart, foreign ones refused", () => {
  expect(readRawLine('{"begin":true,"monotonicUs":1,"wallUs":2}')).toEqual({ is: "begin" });
  expect(readRawLine('{"scenario":"new","beginUs":5,"periodNs":20000000}')).toEqual({
    is: "scenario",
    scenario: "new",
  });
  expect(readRawLine('{"scenario":"new","atUs":5,"inFlight":3}')).toEqual({
    is: "in-flight",
    scenario: "new",
    count: 3,
  });
  expect(readRawLine(end(3))).toEqual({ is: "end", requests: 3 });
  expect(() => readRawLine("{}")).toThrow("unknown line {}");
  expect(() => readRawLine('{"state":"done"}')).toThrow("bad line");
});

test("CPU and memory are read past a name with blanks and brackets", () => {
  const fields = Array.from({ length: 50 }, (_, at) => (at === 11 ? 150 : at === 12 ? 50 : 7));
  expect(usageOf(`12 (k6) (a b) ${fields.join(" ")}`)).toEqual({ cpuS: 2, rssBytes: 7 * 4_096 });
  expect(usageOf("")).toBeNull();
});
