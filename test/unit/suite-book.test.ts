import { mkdtemp, mkdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { SuiteBook } from "../../src/cli/suite-runs.ts";

test("a save that fails is told, and does not take the next ones along", async () => {
  const root = await mkdtemp(join(tmpdir(), "ninety-book-"));
  onTestFinished(() => rm(root, { recursive: true }));
  const folder = join(root, "suite");
  const reading = { name: "s", about: "a", claim: null, runs: [], contrasts: [] };
  const book = new SuiteBook({
    suite: { reading, given: "s", plans: new Map() },
    folder,
    startedAt: new Date(0),
    seed: "1",
    quick: false,
    parallel: 1,
    chosen: [],
    leftOut: [],
  });
  await expect(book.save()).rejects.toThrow("ENOENT");
  await mkdir(folder);
  await book.save();
  expect(JSON.parse(await readFile(join(folder, "suite.json"), "utf8"))).toMatchObject({
    suite: "s",
  });
});
