// --report of ninety compare and ninety gate: what they found, as files.
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import type { RunOfGroup } from "../model/comparison.ts";
import { EXIT, NinetyError } from "../model/error.ts";
import type { ManyRuns } from "../ports/reporter.ts";
import { documentText, writeDocument } from "../store/run-log.ts";
import { isSuiteFolder } from "./folders.ts";
import type { Output } from "./output.ts";
import type { Plugins } from "./plugins.ts";
import { usage, type PlacedRun } from "./run-facts.ts";

export interface ReportFlag {
  /** Absent: nothing is written. */
  readonly report?: string | undefined;
}

/** The reports of a run would be overwritten. Throws with exit 3. */
export function refuseFolder({ report }: ReportFlag): void {
  if (report === undefined) return;
  const folder = resolve(report);
  if (!existsSync(join(folder, "plan.json")) && !isSuiteFolder(folder)) return;
  throw usage(
    `--report must be a folder of its own, got the run ${report}`,
    "for example reports/compared",
  );
}

/** What every reporter has to say of many runs, with the object itself as `<kind>.json`. */
export async function writeMany(
  many: ManyRuns,
  of: ReportFlag & {
    readonly a: readonly PlacedRun[];
    readonly b: readonly PlacedRun[];
    readonly plugins: Plugins;
    readonly out: Output;
  },
): Promise<void> {
  if (of.report === undefined) return;
  const folder = resolve(of.report);
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw new NinetyError(`cannot make ${folder}`, { exit: EXIT.usage, cause });
  });
  const groups = { a: linked(of.a, folder), b: linked(of.b, folder) };
  const object = many.kind === "gate" ? many.gate : many.comparison;
  await writeDocument(folder, `${many.kind}.json`, documentText(object));
  for (const reporter of of.plugins.reporters) {
    if (!reporter.file || !reporter.many) continue;
    await writeDocument(folder, reporter.file, reporter.many(many, groups));
  }
  of.out.result(`  report  ${join(of.report, "report.html")}`);
}

function linked(runs: readonly PlacedRun[], folder: string): readonly RunOfGroup[] {
  return runs.map(({ facts, place }) => {
    const parts = relative(folder, place).split("/").map(encodeURIComponent);
    return { facts, link: `./${parts.join("/")}` };
  });
}
