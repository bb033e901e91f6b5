// npm run test:matrix: every kind of effect x every moment of a step x who is killed. What passed
// is kept in reports/matrix/cells.json: a second call goes on from there, until something that
// matters has changed. Writes docs/KILLS.md where none failed; the last line is `N passed, N failed`.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { contentHash } from "../src/artifacts/content-hash.ts";
import { messageOf } from "../src/model/error.ts";
import { QUICK, runCell, type CellEnd } from "./matrix/cell.ts";
import { allCells, nameOf, SAMPLE, type Cell } from "./matrix/cells.ts";
import { killsPage } from "./matrix/page.ts";
import { closeShared } from "./matrix/registry.ts";
import { cannotRunCluster } from "./support/tally.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const MATTERS = [
  "src/agents",
  "src/injectors",
  "src/kernel",
  "src/model",
  "src/store",
  "binaries/net-effects",
  "test/matrix",
  "test/support/benches",
];
const FOLDER = `${root}reports/matrix`;
const STATE = `${FOLDER}/cells.json`;
const PAGE = `${root}docs/KILLS.md`;

interface State {
  readonly hash: string;
  readonly ends: Record<string, CellEnd>;
}

const { values } = parseArgs({
  options: {
    kind: { type: "string", multiple: true },
    parallel: { type: "string", default: "3" },
    "lease-ms": { type: "string", default: String(QUICK.leaseMs) },
    seed: { type: "string", default: SAMPLE.seed },
  },
});
const leasing = { ...QUICK, leaseMs: Number(values["lease-ms"]) };

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function readState(): State {
  const texts = [JSON.stringify(leasing), values.seed];
  const hash = MATTERS.map((folder) => contentHash(`${root}${folder}`, texts)).join(" ");
  const before = textOf(STATE);
  const state = before === "" ? null : (JSON.parse(before) as State);
  return state?.hash === hash ? state : { hash, ends: {} };
}

const why = cannotRunCluster();
if (why !== null) {
  console.log(`FAILED: the matrix ${why}`);
  process.exit(1);
}
mkdirSync(FOLDER, { recursive: true });
const state = readState();
const wanted = allCells(values.seed).filter(({ kind }) => values.kind?.includes(kind) ?? true);
const left = wanted.filter((cell) => state.ends[nameOf(cell)] === undefined);
console.log(`${wanted.length} cells, ${wanted.length - left.length} of them passed before`);
let failed = 0;

async function judge(cell: Cell): Promise<void> {
  try {
    const end = await runCell(cell, values.seed, leasing);
    state.ends[nameOf(cell)] = end;
    writeFileSync(STATE, JSON.stringify(state));
    console.log(`ok   ${nameOf(cell)}: clean after ${end.cleanMs} ms, lease ${end.leaseMs} ms`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${messageOf(error)}`);
  }
}

// Cells under way are seen to their end: nothing of theirs is left on the machine.
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    console.log(`${signal}: ${left.splice(0).length} cells are left for the next call`);
    failed += 1;
  });
}

async function work(): Promise<void> {
  for (let cell = left.shift(); cell !== undefined; cell = left.shift()) await judge(cell);
}

await Promise.all(Array.from({ length: Number(values.parallel) }, work));
await closeShared();
if (failed === 0) writeFileSync(PAGE, killsPage(state.ends, textOf(PAGE)));
console.log(`${wanted.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 && wanted.length > 0 ? 0 : 1);
