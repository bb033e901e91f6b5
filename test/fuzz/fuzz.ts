// Spoils a record a seed and counts what is said of it, of its twin, and of both in another order.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Plugins } from "../../src/cli/plugins.ts";
import { randomFrom } from "../property/measure-record.ts";
import { makeFiles, reordered, said, type Said } from "./record-files.ts";
import { kindOf, spoilOf, SPOILS, type Spoil } from "./spoil.ts";

const OUTCOMES = ["pass", "fail", "unknown", "refused", "crashed"] as const;

const nameOf = ({ file, what }: Spoil): string => `${file}: ${what}`;

/** What became of one kind of spoil. */
export interface Row {
  readonly file: string;
  readonly what: string;
  readonly counts: Record<(typeof OUTCOMES)[number], number>;
}

export interface Fuzzed {
  readonly seeds: number;
  readonly rows: ReadonlyMap<string, Row>;
  /** Whole records that passed. */
  readonly twins: number;
  /** Of whole and of spoilt records: how many were judged again in another order. */
  readonly again: number;
  /** What must not be, with its seed. */
  readonly broken: readonly string[];
  readonly notPassed: readonly string[];
}

/** Seeds [from, from + seeds). */
export async function fuzz(
  { from, seeds }: { readonly from: number; readonly seeds: number },
  plugins: Plugins,
  tell: (done: number) => void = () => {},
): Promise<Fuzzed> {
  const folder = mkdtempSync(join(tmpdir(), "ninety-fuzz-"));
  const run = join(folder, "run");
  const rows = new Map<string, Row>();
  const broken: string[] = [];
  const notPassed: string[] = [];
  let [twins, again] = [0, 0];
  try {
    for (let seed = from; seed < from + seeds; seed += 1) {
      const spoil = spoilOf(seed);
      const name = nameOf(spoil);
      const whole = makeFiles(seed, kindOf(seed, spoil), plugins);
      const spoilt = spoil.spoil(whole, randomFrom(seed + 999_983));
      const [twin, other] = [await said(run, whole, plugins), await said(run, spoilt, plugins)];
      if (twin.outcome === "pass") twins += 1;
      else notPassed.push(`seed ${seed}: ${twin.outcome}: ${whyOf(twin)}`);
      const row = rows.get(name) ?? { file: spoil.file, what: spoil.what, counts: zeros() };
      rows.set(name, row);
      row.counts[other.outcome] += 1;
      if (other.outcome === "pass") broken.push(`seed ${seed}: ${name}: passes`);
      if (other.outcome === "crashed") broken.push(`seed ${seed}: ${name}: ${other.text}`);
      for (const [files, first] of [
        [whole, twin],
        [spoilt, other],
      ] as const) {
        again += 1;
        const second = await said(run, reordered(files, seed * 17), plugins);
        if (second.text !== first.text)
          broken.push(`seed ${seed}: ${name}: not so in another order`);
      }
      tell(seed - from + 1);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { seeds, rows, twins, again, broken, notPassed };
}

/** Of several ranges of seeds, one after the other. */
export function together(all: readonly Fuzzed[]): Fuzzed {
  const rows = new Map<string, Row>();
  for (const [name, row] of all.flatMap((one) => [...one.rows])) {
    const sum = rows.get(name) ?? { ...row, counts: zeros() };
    for (const outcome of OUTCOMES) sum.counts[outcome] += row.counts[outcome];
    rows.set(name, sum);
  }
  const sumOf = (what: "seeds" | "twins" | "again"): number =>
    all.reduce((sum, one) => sum + one[what], 0);
  return {
    seeds: sumOf("seeds"),
    rows,
    twins: sumOf("twins"),
    again: sumOf("again"),
    broken: all.flatMap((one) => one.broken),
    notPassed: all.flatMap((one) => one.notPassed),
  };
}

const zeros = (): Row["counts"] => ({ pass: 0, fail: 0, unknown: 0, refused: 0, crashed: 0 });

function whyOf({ text }: Said): string {
  try {
    const { verdict } = JSON.parse(text) as {
      readonly verdict: { readonly findings: readonly { outcome: string; what: string }[] };
    };
    return verdict.findings
      .filter(({ outcome }) => outcome === "fail" || outcome === "unknown")
      .map(({ what }) => what)
      .join(", ");
  } catch {
    return text;
  }
}

/** By file and kind, as a table. */
export function tableOf({ rows }: Fuzzed): readonly string[] {
  const known = [...new Set(SPOILS.map(nameOf))].flatMap((name) => rows.get(name) ?? []);
  const of = known.map(
    ({ file, what, counts }) =>
      `| ${[file, what, ...OUTCOMES.map((outcome) => counts[outcome])].join(" | ")} |`,
  );
  return [
    `| file | what is wrong | ${OUTCOMES.join(" | ")} |`,
    "|---|---|---|---|---|---|---|",
    ...of,
  ];
}
