// A suite's record: read back, judged again, rendered.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { EXIT, NinetyError, messageOf } from "../model/error.ts";
import { at, listAt, numberAt, stableText, textAt } from "../model/json.ts";
import type { SuiteRecord, SuiteRun } from "../model/suite.ts";
import { judgeSuite, runResult } from "../kernel/suite.ts";
import { writeDocument } from "../store/run-log.ts";
import { SUITE_FILE } from "./folders.ts";
import { judgeFolder } from "./judging.ts";
import { byName, type Plugins } from "./plugins.ts";

/** Throws with exit 3 where suite.json is not what a suite writes. */
async function readSuiteRecord(folder: string): Promise<SuiteRecord> {
  const path = join(folder, SUITE_FILE);
  let read: unknown;
  try {
    read = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    throw new NinetyError(`${path} must be JSON: ${messageOf(error)}`, {
      exit: EXIT.usage,
      cause: error,
    });
  }
  const problem = problemOf(read);
  if (problem !== null) {
    throw new NinetyError(`${path} must be what a suite writes, got ${problem}`, {
      exit: EXIT.usage,
    });
  }
  return read as SuiteRecord;
}

/** What keeps it from being read, or null. */
function problemOf(read: unknown): string | null {
  if (numberAt(read, "schema") !== 1) return "another schema than 1";
  if (textAt(read, "suite") === "") return "no name";
  for (const list of ["runs", "contrasts", "leftOut"] as const) {
    if (!Array.isArray(at(read, list))) return `no list of ${list}`;
  }
  const runs = listAt(read, "runs");
  const broken = runs.findIndex(
    (run) =>
      textAt(run, "experiment") === "" ||
      textAt(run, "stated", "must") === "" ||
      typeof at(run, "stated", "service") !== "object" ||
      !(at(run, "result") === null || Array.isArray(at(run, "result", "episodes"))),
  );
  if (runs.length === 0) return "no run";
  return broken === -1 ? null : `runs[${broken}] without what is stated or what it ended with`;
}

/**
 * A suite from its folder: every run whose record is still there is judged again, and compared
 * again with what was stated. A run that had no result has none now.
 */
export async function judgeSuiteFolder(
  folder: string,
  plugins: Plugins,
): Promise<{ readonly suite: SuiteRecord; readonly again: number }> {
  const record = await readSuiteRecord(folder);
  let again = 0;
  const runs: SuiteRun[] = [];
  for (const run of record.runs) {
    const own = run.folder === null ? null : resolve(folder, run.folder);
    if (run.result === null || own === null || !existsSync(join(own, "plan.json"))) {
      runs.push(run);
      continue;
    }
    again += 1;
    runs.push({ ...run, result: runResult(await judgeFolder(own, plugins)) });
  }
  return { suite: judgeSuite({ ...record, runs }), again };
}

/** suite.json alone: what is known so far. */
export function writeSuiteRecord(folder: string, suite: SuiteRecord): Promise<void> {
  return writeDocument(folder, SUITE_FILE, `${stableText(suite, 2)}\n`);
}

/** suite.json and every report of a suite; their files. A reporter that throws fails. */
export async function writeSuiteReports(
  folder: string,
  suite: SuiteRecord,
  plugins: Plugins,
): Promise<readonly string[]> {
  await writeSuiteRecord(folder, suite);
  const files: string[] = [];
  for (const reporter of plugins.reporters) {
    if (!reporter.file || !reporter.suite) continue;
    await writeDocument(folder, reporter.file, reporter.suite({ suite, folder }));
    files.push(join(folder, reporter.file));
  }
  return files;
}

/** The summary for a terminal. */
export function suiteText(suite: SuiteRecord, folder: string, plugins: Plugins): string {
  return byName("reporter", plugins.reporters)("console").suite?.({ suite, folder }) ?? "";
}
