// How long each fault takes to be there, to be seen, to be healed and to be seen gone, in the
// records of runs that went before: node bin/with-node.js test/bench/faults.ts <run folder> …
// The times of a look are those between two looks and no finer: 100 ms at first, then 500 ms.
import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { Event } from "../../src/model/event.ts";
import type { Plan } from "../../src/model/plan.ts";

const COLUMNS = ["inject", "seen", "heal", "clear"] as const;
type Times = Readonly<Record<(typeof COLUMNS)[number], number | null>>;

const folders = process.argv.slice(2);
if (folders.length === 0) {
  process.stderr.write("usage: test/bench/faults.ts <run folder> …, got none\n");
  process.exit(3);
}

const all = folders.flatMap(timesIn);
process.stdout.write(
  `${folders.length} runs, ${all.length} steps; ms: least, median, most\n` +
    "  inject: from the ask to the holder's own stamp · seen: from there to the look that proved it\n" +
    "  heal: from the ask to its end · clear: from there to the look that proved it gone\n\n",
);
row(["fault", "n", ...COLUMNS]);
const byFault = Map.groupBy(all, ({ fault }) => fault);
for (const [fault, steps] of [...byFault].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
  const cells = COLUMNS.map((column) => spread(steps.flatMap(({ times }) => times[column] ?? [])));
  row([fault, String(steps.length), ...cells]);
}

function row([fault = "", n = "", ...cells]: readonly string[]): void {
  const line = cells.map((cell) => cell.padStart(22)).join("");
  process.stdout.write(`${fault.padEnd(26)}${n.padStart(4)}${line}\n`);
}

function timesIn(folder: string): readonly { readonly fault: string; readonly times: Times }[] {
  const plan = JSON.parse(readFileSync(join(folder, "plan.json"), "utf8")) as Plan;
  const events = readFileSync(join(folder, "events.ndjson"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Event);
  return plan.steps.map(({ id, fault }) => {
    const edges = events.filter((one) => one.type === "fault" && one.id === id);
    const edge = (name: string): Event | undefined =>
      edges.find((one) => one.type === "fault" && one.edge === name);
    const end = edge("inject-end");
    const stampUs = end && "stampUs" in end ? end.stampUs : undefined;
    const proof = edge("proved");
    const lookedUs = proof && "lookedUs" in proof ? proof.lookedUs : undefined;
    return {
      fault,
      times: {
        inject: between(edge("inject-begin")?.atUs, stampUs),
        seen: between(stampUs, lookedUs),
        heal: between(edge("heal-begin")?.atUs, edge("heal-end")?.atUs),
        clear: between(edge("heal-end")?.atUs, edge("heal-proved")?.atUs),
      },
    };
  });
}

function between(fromUs: number | undefined, toUs: number | undefined): number | null {
  return fromUs === undefined || toUs === undefined ? null : Math.max(0, toUs - fromUs) / 1_000;
}

function spread(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): string => {
    const value = sorted[Math.floor(share * (sorted.length - 1))];
    return value === undefined ? "-" : String(Math.round(value));
  };
  return sorted.length === 0 ? "-" : `${at(0)}, ${at(0.5)}, ${at(1)}`;
}
