import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { logsSince, markLogs } from "../../src/clusters/local/logs.ts";
import type { Layout } from "../../src/clusters/local/layout.ts";
import type { ClusterLog } from "../../src/ports/cluster.ts";

let logs = "";
let layout: Pick<Layout, "machines" | "paths">;
beforeEach(() => {
  logs = mkdtempSync(join(tmpdir(), "ninety-logs-"));
  mkdirSync(join(logs, "n1"));
  const machines = [
    { name: "n1", logFolder: join(logs, "n1") },
    { name: "n2", logFolder: join(logs, "n2") },
  ];
  layout = { machines, paths: { logs } } as unknown as typeof layout;
});
afterEach(() => rmSync(logs, { recursive: true, force: true }));

const { signal } = new AbortController();
const path = (): string => join(logs, "n1/kubelet.log");
const linesOf = (from: number, to: number): string =>
  Array.from(
    { length: to - from },
    (_, nth) => `I1125 ${String(from + nth).padStart(8, "0")}\n`,
  ).join("");
const since = async (
  marks: ReturnType<typeof markLogs>,
  maxBytes = 2 ** 20,
): Promise<ClusterLog> => {
  const [log] = await logsSince(layout, marks, { maxBytes, signal });
  if (!log) throw new Error("no log");
  return log;
};

/** As the supervisor does it: the end is moved aside, and the log begins anew. */
function cut(keepBytes: number, mtimeSec = 2_000_000_000): void {
  writeFileSync(`${path()}.old`, written.slice(-keepBytes));
  utimesSync(`${path()}.old`, mtimeSec, mtimeSec);
  writeFileSync(path(), "");
}
let written = "";
function append(text: string): void {
  written += text;
  appendFileSync(path(), text);
}
beforeEach(() => (written = ""));

describe("what the cluster's processes wrote since a mark", () => {
  test("begins where the log ended, to the byte, and names what wrote it", async () => {
    append(linesOf(0, 100));
    const marks = markLogs(layout);
    append(linesOf(100, 200));
    appendFileSync(join(logs, "guard.log"), "a guard that came later\n");
    expect(await logsSince(layout, marks, { maxBytes: 2 ** 20, signal })).toEqual([
      { name: "n1/kubelet", text: linesOf(100, 200), cutBytes: 0 },
      { name: "guard", text: "a guard that came later\n", cutBytes: 0 },
    ]);
  });

  test("is all of it on a cluster that was just brought up, and nothing where nothing was said", async () => {
    append(linesOf(0, 100));
    expect((await since(new Map())).text).toBe(linesOf(0, 100));
    expect(await logsSince(layout, markLogs(layout), { maxBytes: 9, signal })).toEqual([]);
  });

  test("is its last whole lines where it is too long, and counts the rest", async () => {
    append(linesOf(0, 10));
    const marks = markLogs(layout);
    append(linesOf(10, 1_000));
    const { text, cutBytes } = await since(marks, 100);
    expect(text).toBe(linesOf(994, 1_000));
    expect((cutBytes ?? 0) + text.length).toBe(linesOf(10, 1_000).length);
  });

  test("goes on over a cut of the supervisor", async () => {
    append(linesOf(0, 1_000));
    const marks = markLogs(layout);
    append(linesOf(1_000, 1_100));
    cut(5_000);
    append(linesOf(1_100, 1_110));
    expect(await since(marks)).toEqual({
      name: "n1/kubelet",
      text: linesOf(1_000, 1_110),
      cutBytes: 0,
    });
    // Longer again than at the mark: its length alone would not tell.
    append(linesOf(1_110, 5_000));
    expect((await since(marks)).text).toBe(linesOf(1_000, 5_000));
    const short = await since(marks, 1_000);
    expect(linesOf(1_000, 5_000).endsWith(short.text)).toBe(true);
  });

  test("says that nobody knows how much is lost where a cut took the mark along", async () => {
    append(linesOf(0, 100));
    const marks = markLogs(layout);
    append(linesOf(100, 2_000));
    cut(1_505);
    append(linesOf(2_000, 2_010));
    const { text, cutBytes } = await since(marks);
    expect(cutBytes).toBeNull();
    expect(text).toBe(linesOf(1_900, 2_010));
  });

  test("takes a cut from before the mark for no cut", async () => {
    append(linesOf(0, 100));
    cut(1_000, 1_900_000_000);
    append(linesOf(100, 110));
    const marks = markLogs(layout);
    append(linesOf(110, 120));
    expect((await since(marks)).text).toBe(linesOf(110, 120));
    expect(statSync(`${path()}.old`).size).toBe(1_000);
  });
});
