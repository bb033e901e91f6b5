import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { Journal, readEntry } from "../../src/agents/journal.ts";
import type { JournalEntry } from "../../src/model/agent-protocol.ts";

const entry = (id: string): JournalEntry => ({
  held: { id, effect: { kind: "power", node: "n1" } },
  childPid: null,
  childStart: null,
  sinceUs: 1,
  leaseMs: 10,
  leaseEndsUs: 2,
  deadlineUs: 3,
});

describe("journal", () => {
  let folder: string;
  let told: string[];
  beforeEach(() => {
    told = [];
    folder = mkdtempSync(join(tmpdir(), "ninety-journal-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const entries = (): readonly JournalEntry[] =>
    new Journal(folder).entries((message) => told.push(message));

  test("gives back what was written, under ids that are no file names", () => {
    const journal = new Journal(folder);
    const ids = ["gpu-loss/2026-1/f1.0", "..", "a b%2F"];
    for (const id of ids) journal.write(entry(id), true);
    expect(
      entries()
        .map(({ held }) => held.id)
        .sort(),
    ).toEqual(ids.toSorted());
    for (const id of ids) journal.remove(id);
    journal.remove("never there");
    expect(entries()).toEqual([]);
  });

  test("the later writing counts, and leaves nothing beside", () => {
    const journal = new Journal(folder);
    journal.write(entry("a"), true);
    journal.write({ ...entry("a"), leaseEndsUs: 9 }, false);
    expect(readEntry(journal.pathOf("a"))?.leaseEndsUs).toBe(9);
    expect(readdirSync(folder).sort()).toEqual(["a.json", "ended"]);
  });

  test("sets aside what it cannot read and removes what was never finished", () => {
    new Journal(folder).write(entry("a"), true);
    writeFileSync(join(folder, "b.json"), "{");
    writeFileSync(join(folder, "c.json"), "{}");
    writeFileSync(join(folder, "d.json.new-7"), "{");
    expect(entries().map(({ held }) => held.id)).toEqual(["a"]);
    expect(told).toHaveLength(2);
    expect(readdirSync(folder).sort()).toEqual([
      "a.json",
      "b.json.unreadable",
      "c.json.unreadable",
      "ended",
    ]);
  });

  test("remembers ended ids over a restart, oldest first", () => {
    const journal = new Journal(folder);
    for (const [nth, id] of ["run/x", "run/a", "run/m"].entries()) {
      journal.markEnded(id);
      utimesSync(join(folder, "ended", encodeURIComponent(id)), nth, nth);
    }
    expect(new Journal(folder).ended()).toEqual(["run/x", "run/a", "run/m"]);
    journal.forgetEnded("run/a");
    expect(new Journal(folder).ended()).toEqual(["run/x", "run/m"]);
  });
});
