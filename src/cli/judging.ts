import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { ExitCode } from "../model/error.ts";
import { EXIT } from "../model/error.ts";
import { stableText } from "../model/json.ts";
import type { Measurement } from "../model/measurement.ts";
import type { RunRecord } from "../model/record.ts";
import type { Outcome, Verdict } from "../model/verdict.ts";
import { judge } from "../kernel/judge.ts";
import { measure } from "../measure/measure.ts";
import { readRecord } from "../store/read-record.ts";
import { writeDocument } from "../store/run-log.ts";
import { byName, type Plugins } from "./plugins.ts";

export interface Judged {
  readonly folder: string;
  readonly record: RunRecord;
  readonly measurement: Measurement;
  readonly verdict: Verdict;
}

/** Record → Measurement → Verdict, from what is on disk and nothing else. */
export async function judgeFolder(folder: string, plugins: Plugins): Promise<Judged> {
  const record = await readRecord(folder);
  const measurement = measure(record);
  const always = plugins.checks.filter((check) => check.always === true).map(({ name }) => name);
  const checks = byName("check", plugins.checks);
  const verdict = judge(measurement, record.plan, checks, always);
  return { folder, record, measurement, verdict };
}

/**
 * Writes measurement, verdict and every report beside the record, and returns the reports' files; a
 * reporter that throws fails.
 */
export async function writeReports(judged: Judged, plugins: Plugins): Promise<readonly string[]> {
  const { folder, measurement, verdict } = judged;
  await mkdir(folder, { recursive: true });
  await writeDocument(folder, "measurement.json", `${stableText(measurement, 2)}\n`);
  await writeDocument(folder, "verdict.json", `${stableText(verdict, 2)}\n`);
  const files: string[] = [];
  for (const reporter of plugins.reporters) {
    if (!reporter.file) continue;
    await writeDocument(folder, reporter.file, reporter.render(judged));
    files.push(join(folder, reporter.file));
  }
  return files;
}

/** One reporter's text. */
export function rendered(judged: Judged, plugins: Plugins, name: string): string {
  return byName("reporter", plugins.reporters)(name).render(judged);
}

export function exitOf(outcome: Outcome): ExitCode {
  return { pass: EXIT.pass, fail: EXIT.fail, unknown: EXIT.unknown }[outcome];
}
