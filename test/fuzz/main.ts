// Records with one thing wrong with them, by the ten thousand: none may pass, none may crash, the
// order of lines may change nothing, and all but a hundredth of those with nothing wrong must pass.
// Needs about a quarter of an hour of one core.
//   node bin/with-node.js test/fuzz/main.ts [--seeds 10000] [--seed 1] [--parallel 2]
//   node bin/with-node.js test/fuzz/main.ts --write      into docs/MEASUREMENT.md
// Exit 1 where it is not so.
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { loadPlugins } from "../../src/cli/plugins.ts";
import { fuzz, together, tableOf, type Fuzzed } from "./fuzz.ts";

const PAGE = new URL("../../docs/MEASUREMENT.md", import.meta.url);
const TOLD_EVERY = 500;
const SHOWN_MAX = 40;
const TWINS_MIN_RATIO = 0.99;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
    parallel: { type: "string", default: String(availableParallelism()) },
    write: { type: "boolean", default: false },
  },
});
const count = (name: "seeds" | "seed" | "parallel"): number => {
  const read = Number(values[name]);
  if (Number.isInteger(read) && read >= 1) return read;
  process.stderr.write(`--${name} must be a whole number of at least 1, got ${values[name]}\n`);
  process.exit(3);
};
interface Range {
  readonly from: number;
  readonly seeds: number;
}

if (isMainThread) await main(count("seed"), count("seeds"), count("parallel"));
else parentPort?.postMessage(await fuzz(workerData as Range, await loadPlugins(), told));

function told(done: number): void {
  if (done % TOLD_EVERY === 0) process.stderr.write(`${done} of ${(workerData as Range).seeds}\n`);
}

function ranges(from: number, seeds: number, parallel: number): readonly Range[] {
  const each = Math.ceil(seeds / parallel);
  const starts = Array.from({ length: Math.ceil(seeds / each) }, (_, nth) => nth * each);
  return starts.map((start) => ({ from: from + start, seeds: Math.min(each, seeds - start) }));
}

function inWorker(range: Range): Promise<Fuzzed> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: range });
    worker.once("message", resolve).once("error", reject);
  });
}

async function main(from: number, seeds: number, parallel: number): Promise<void> {
  const fuzzed = together(await Promise.all(ranges(from, seeds, parallel).map(inWorker)));
  const { broken, twins, again, notPassed } = fuzzed;
  const ratio = ((100 * twins) / seeds).toFixed(2);
  const lines = [
    ...tableOf(fuzzed),
    "",
    `Seeds ${from} to ${from + seeds - 1}: ${twins} of ${seeds} whole records pass (${ratio} %); ` +
      `${again} records judged again with their lines in another order, ${broken.length} broken.`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  for (const one of [...broken, ...notPassed].slice(0, SHOWN_MAX)) {
    process.stdout.write(`${one}\n`);
  }
  if (values.write) write(lines);
  process.exitCode = broken.length === 0 && twins >= TWINS_MIN_RATIO * seeds ? 0 : 1;
}

function write(lines: readonly string[]): void {
  const page = readFileSync(PAGE, "utf8");
  const marked = /(<!-- fuzz -->\n)[\s\S]*(<!-- end of fuzz -->)/;
  if (!marked.test(page)) throw new Error("docs/MEASUREMENT.md must hold the fuzz's marks");
  writeFileSync(
    PAGE,
    page.replace(marked, (_all, begin, end) => `${begin}\n${lines.join("\n")}\n\n${end}`),
  );
}
