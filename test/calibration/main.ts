// The recovery estimator on runs whose truth is known. All of it needs an hour or two of one core.
//   node bin/with-node.js test/calibration/main.ts [--runs 2000] [--only <part of a cell's name>]
//   ... --runs      at least; where the mean is not known to half of what is asked, more
//   ... --keep      into results.jsonl; what is kept of this code and as many runs is not run again
//   ... --write     all that is kept, into docs/MEASUREMENT.md; runs nothing
// Exit 1 where a cell does not keep what was fixed for it before the run.
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";

import { askedS } from "./asked.ts";
import { unjudged, broken, percent, resultOf, type CellResult } from "./cell-result.ts";
import { CELLS, excluded, FALSE_CELLS, nameOf } from "./cells.ts";
import type { Cell } from "./draw.ts";
import { codeNow, keep, readKept, type Kept } from "./kept.ts";

const PAGE = new URL("../../docs/MEASUREMENT.md", import.meta.url);
const FALSE_RUNS = 10_000;
/** How often a cell's runs are made four times as many, and the most requests that may take. */
const RUNS_MORE = 2;
const REQUESTS_MAX = 600e6;
const FALSE_RATIO_MAX = 0.001;
const HEAD = [
  "| cell | runs | bias, in requests | interval covers | its width, s | a ramp | masked | first success | bins of 1 s | scrape of 15 s | |",
  "|---|---|---|---|---|---|---|---|---|---|---|",
] as const;

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "2000" },
    only: { type: "string", default: "" },
    keep: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});
const runs = Number(values.runs);
if (!Number.isInteger(runs) || runs < 10) {
  process.stderr.write(`--runs must be a whole number of at least 10, got ${values.runs}\n`);
  process.exit(3);
}
const code = codeNow();
const lines = values.write ? page() : run();
const failed = lines.filter(({ isBroken }) => isBroken).length;
if (values.write) write(lines.map(({ text }) => text));
process.stdout.write(`${failed} cells broken\n`);
process.exitCode = failed === 0 ? 0 : 1;

interface Line {
  readonly text: string;
  readonly isBroken: boolean;
}

/** Runs the cells that are meant, and says each at once. */
function run(): readonly Line[] {
  const meant = (cell: Cell): boolean => nameOf(cell).includes(values.only);
  const cells = CELLS.map((cell, nth) => ({ cell, seed: nth + 1, wanted: runs, say: cellLine }));
  const falses = FALSE_CELLS.map((cell, nth) => ({
    cell,
    seed: 1_000 + nth,
    wanted: FALSE_RUNS,
    say: falseLine,
  }));
  process.stdout.write(`${HEAD.join("\n")}\n`);
  return [...cells, ...falses]
    .filter(({ cell, say }) => meant(cell) && (say === falseLine || excluded(cell) === null))
    .map(({ cell, seed, wanted, say }) => {
      const line = say(resultAt(cell, seed, wanted), "");
      process.stdout.write(`${line.text}\n`);
      return line;
    });
}

function resultAt(cell: Cell, seed: number, wanted: number): CellResult {
  const before = values.keep ? readKept().get(nameOf(cell)) : undefined;
  if (before && before.code === code && before.result.runs >= wanted) return before.result;
  let result = resultOf(cell, wanted, seed);
  for (let nth = 0; nth < RUNS_MORE && isTooVague(result); nth += 1) {
    result = resultOf(cell, result.runs * 4, seed);
  }
  if (values.keep) keep({ code, result });
  return result;
}

/** By how far its errors scatter alone: what their mean is decides nothing here. */
function isTooVague({ cell, runs, biasErrorS }: CellResult): boolean {
  const requests = 4 * runs * cell.rate * (cell.outageS + 100);
  return 2 * biasErrorS > askedS(cell) / 2 && requests <= REQUESTS_MAX;
}

/** All that is kept, in the order of the grid. */
function page(): readonly Line[] {
  const kept = readKept();
  const of = (cells: readonly Cell[]): readonly Kept[] =>
    cells.flatMap((cell) => kept.get(nameOf(cell)) ?? []);
  const age = (one: Kept): string => (one.code === code ? "" : "of an earlier estimator");
  const plain = (text: string): Line => ({ text, isBroken: false });
  const unrun = CELLS.filter((cell) => excluded(cell) === null && !kept.has(nameOf(cell)));
  const out = Map.groupBy(CELLS, excluded);
  return [
    ...HEAD.map(plain),
    ...of(CELLS.filter((cell) => excluded(cell) === null)).map((one) =>
      cellLine(one.result, age(one)),
    ),
    ...["", "Excluded, by rules that were fixed before the run:", ""].map(plain),
    ...[...out].flatMap(([why, cells]) =>
      why === null ? [] : [plain(`- ${why}: ${cells.map(nameOf).join("; ")}`)],
    ),
    ...(unrun.length === 0 ? [] : [plain(`- not run: ${unrun.map(nameOf).join("; ")}`)]),
    plain(""),
    plain(`False UNRECOVERED in runs that recovered, at most ${percent(FALSE_RATIO_MAX)}:`),
    plain(""),
    ...of(FALSE_CELLS).map((one) => falseLine(one.result, age(one))),
  ];
}

function cellLine(result: CellResult, age: string): Line {
  const problems = broken(result);
  const { name, cell, biasS, biasErrorS, coverage, widthS, masked, others } = result;
  const inRequests = (seconds: number): string => (seconds * cell.rate).toFixed(2);
  const cells = [
    name,
    result.runs,
    `${inRequests(biasS)} ± ${inRequests(2 * biasErrorS)}`,
    percent(coverage),
    widthS.toFixed(3),
    percent(result.ramps / Math.max(1, result.runs - masked)),
    percent(masked / result.runs),
    seconds(others.firstSuccess),
    seconds(others.bins),
    seconds(others.scrape),
    [...problems, ...unjudged(result), age].filter(Boolean).join("; "),
  ];
  return { text: `| ${cells.join(" | ")} |`, isBroken: problems.length > 0 };
}

function falseLine(result: CellResult, age: string): Line {
  const { unrecovered, masked, name, runs } = result;
  const isBroken = unrecovered > FALSE_RATIO_MAX * result.runs;
  const tail = [isBroken ? "too many" : "", age].filter(Boolean).join("; ");
  const text = `- ${name}: ${unrecovered} of ${runs}; masked ${masked}${tail && ` (${tail})`}`;
  return { text, isBroken };
}

/** Null: kept as JSON, which has no infinity. */
function seconds(value: number | null): string {
  return value !== null && Number.isFinite(value) ? value.toFixed(2) : "never in some";
}

function write(text: readonly string[]): void {
  const before = readFileSync(PAGE, "utf8");
  const marked = /(<!-- calibration -->\n)[\s\S]*(<!-- end of calibration -->)/;
  if (!marked.test(before))
    throw new Error("docs/MEASUREMENT.md must hold the calibration's marks");
  writeFileSync(
    PAGE,
    before.replace(marked, (_all, from, to) => `${from}\n${text.join("\n")}\n\n${to}`),
  );
}
