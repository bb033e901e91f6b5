// The recovery estimator on runs whose truth is known. Needs about ten minutes of one core.
//   node bin/with-node.js test/calibration/main.ts [--runs 2000] [--only <part of a cell's name>]
//   node bin/with-node.js test/calibration/main.ts --write      into docs/MEASUREMENT.md
// Exit 1 where a cell does not keep what was fixed for it before the run.
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";

import { broken, percent, resultOf } from "./cell-result.ts";
import { CELLS, excluded, FALSE_CELLS, nameOf } from "./cells.ts";
import type { Cell } from "./draw.ts";

const PAGE = new URL("../../docs/MEASUREMENT.md", import.meta.url);
const FALSE_RUNS = 10_000;
const FALSE_RATIO_MAX = 0.001;

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "2000" },
    only: { type: "string", default: "" },
    write: { type: "boolean", default: false },
  },
});
const runs = Number(values.runs);
if (!Number.isInteger(runs) || runs < 10) {
  process.stderr.write(`--runs must be a whole number of at least 10, got ${values.runs}\n`);
  process.exit(3);
}
const meant = (cell: Cell): boolean => nameOf(cell).includes(values.only);
let failed = 0;
const lines: string[] = [];

function say(line: string): void {
  lines.push(line);
  process.stdout.write(`${line}\n`);
}

say(
  "| cell | bias, in requests | interval covers | its width, s | masked | first success | bins of 1 s | scrape of 15 s | |",
);
say("|---|---|---|---|---|---|---|---|---|");
for (const [nth, cell] of CELLS.entries()) {
  if (meant(cell) && excluded(cell) === null) sayCell(cell, nth + 1);
}
say("");
say("Excluded, by rules that were fixed before the run:");
say("");
for (const [why, cells] of Map.groupBy(CELLS.filter(meant), excluded)) {
  if (why !== null) say(`- ${why}: ${cells.map(nameOf).join("; ")}`);
}
say("");
say(`False UNRECOVERED in ${FALSE_RUNS} recovered runs each, at most ${percent(FALSE_RATIO_MAX)}:`);
say("");
for (const [nth, cell] of FALSE_CELLS.entries()) if (meant(cell)) sayFalse(cell, 1_000 + nth);
if (values.write) write();
process.stdout.write(`${failed} cells broken\n`);
process.exitCode = failed === 0 ? 0 : 1;

function sayCell(cell: Cell, seed: number): void {
  const result = resultOf(cell, runs, seed);
  const problems = broken(result);
  failed += problems.length > 0 ? 1 : 0;
  const { biasS, biasErrorS, coverage, widthS, masked, others } = result;
  const inRequests = (seconds: number): string => (seconds * cell.rate).toFixed(2);
  const cells = [
    result.name,
    `${inRequests(biasS)} ± ${inRequests(2 * biasErrorS)}`,
    percent(coverage),
    widthS.toFixed(3),
    percent(masked / runs),
    seconds(others.firstSuccess),
    seconds(others.bins),
    seconds(others.scrape),
    problems.join("; "),
  ];
  say(`| ${cells.join(" | ")} |`);
}

function sayFalse(cell: Cell, seed: number): void {
  const { unrecovered, masked } = resultOf(cell, FALSE_RUNS, seed);
  const isBroken = unrecovered > FALSE_RATIO_MAX * FALSE_RUNS;
  failed += isBroken ? 1 : 0;
  say(`- ${nameOf(cell)}: ${unrecovered}${isBroken ? " (too many)" : ""}; masked ${masked}`);
}

function seconds(value: number): string {
  return Number.isFinite(value) ? value.toFixed(2) : "never in some";
}

function write(): void {
  const page = readFileSync(PAGE, "utf8");
  const marked = /(<!-- calibration -->\n)[\s\S]*(<!-- end of calibration -->)/;
  if (!marked.test(page)) throw new Error("docs/MEASUREMENT.md must hold the calibration's marks");
  writeFileSync(
    PAGE,
    page.replace(marked, (_all, from, to) => `${from}\n${lines.join("\n")}\n\n${to}`),
  );
}
