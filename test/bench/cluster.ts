// What the local cluster costs: node bin/with-node.js test/bench/cluster.ts [rounds]
// Prints min, median and max; the ratio is against the API server's own start in the same round.
import { readFileSync } from "node:fs";
import { ninety, start } from "../support/ninety.ts";

const rounds = Number(process.argv[2] ?? 3);
const rows = new Map<string, number[]>();
const note = (name: string, value: number): void => {
  rows.set(name, [...(rows.get(name) ?? []), value]);
};

function usedGib(): number {
  const text = readFileSync("/proc/meminfo", "utf8");
  const kib = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)?.[1]);
  return (kib("MemTotal") - kib("MemAvailable")) / 2 ** 20;
}

/** From the start of the command to a line that it says. */
async function until(running: ReturnType<typeof start>, said: RegExp): Promise<number> {
  const startMs = performance.now();
  await running.said(said, 120_000);
  return (performance.now() - startMs) / 1_000;
}

for (let at = 0; at < rounds; at += 1) {
  const before = usedGib();
  const running = start(["cluster", "up", "--instance", "bench", "--json"]);
  const [apiS, readyS] = await Promise.all([
    until(running, /API server answers/),
    until(running, /nodes are Ready/),
  ]);
  if ((await running.ended).code !== 0) throw new Error("cluster up failed");
  await new Promise((resolve) => setTimeout(resolve, 10_000));
  note("API server answers, s", apiS);
  note("three nodes Ready, s", readyS);
  note("three nodes Ready / API server answers", readyS / apiS);
  note("whole machine before, GiB", before);
  note("whole machine with 3 idle nodes, GiB", usedGib());
  note("down, s", (await ninety(["cluster", "down", "--instance", "bench"])).tookMs / 1_000);
}

console.log(
  `${"figure".padEnd(44)} ${"min".padStart(8)} ${"median".padStart(8)} ${"max".padStart(8)}  n`,
);
for (const [name, values] of rows) {
  const sorted = [...values].sort((a, b) => a - b);
  const shown = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
  const text = shown.map((value) => (value ?? NaN).toFixed(2).padStart(8)).join(" ");
  console.log(`${name.padEnd(44)} ${text}  ${values.length}`);
}
