// What the main job costs beyond the phases it declares: node bin/with-node.js
// test/bench/main-job.ts [runs] Prints min, median and max over the runs; ratios are against the
// declared phases of the same run.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Event } from "../../src/model/event.ts";
import { readRecord } from "../../src/store/read-record.ts";
import { ninety } from "../support/ninety.ts";

const runs = Number(process.argv[2] ?? 3);
const rows = new Map<string, number[]>();
const note = (name: string, value: number | undefined): void => {
  if (value === undefined || !Number.isFinite(value)) return;
  rows.set(name, [...(rows.get(name) ?? []), value]);
};

const phaseUs = (events: readonly Event[], phase: string): number | undefined =>
  events.find((event) => event.type === "phase" && event.phase === phase)?.atUs;

function lasted(events: readonly Event[], from: string, to: string): number {
  return ((phaseUs(events, to) ?? NaN) - (phaseUs(events, from) ?? NaN)) / 1_000_000;
}

async function once(): Promise<void> {
  const ended = await ninety(["run", "gpu-loss", "--json", "--instance", "bench"]);
  const { folder } = JSON.parse(ended.stdout) as { folder: string };
  const { events, plan, requests, samples } = await readRecord(folder);
  const wallS = ended.tookMs / 1_000;
  const declaredS =
    (plan.phasesMs.warmup + plan.phasesMs.steady + plan.phasesMs.faults) / 1_000 +
    lasted(events, "observe", "teardown");
  note("exit code", ended.code ?? NaN);
  note("wall, s", wallS);
  note("wall / declared phases", wallS / declaredS);
  note("overhead: wall - declared phases, s", wallS - declaredS);
  note("preflight, s", lasted(events, "preflight", "deploy"));
  note("deploy: nothing to all replicas Ready, s", lasted(events, "deploy", "warmup"));
  note("teardown, s", lasted(events, "teardown", "end"));
  const firstOkUs = Math.min(
    ...[...requests].flatMap((one) => (one.outcome === "ok" ? [one.endUs] : [])),
  );
  note(
    "first correct predict after nothing, s",
    (firstOkUs - (phaseUs(events, "deploy") ?? NaN)) / 1e6,
  );
  for (const event of events) {
    if (event.type !== "fault" || event.edge !== "inject-end") continue;
    const asked = events.find(
      (one) => one.type === "fault" && one.edge === "inject-begin" && one.id === event.id,
    );
    note("inject asked to effect, ms", (event.stampUs - (asked?.atUs ?? NaN)) / 1_000);
  }
  const memory = samples
    .filter(({ metric }) => metric === "machine_memory_used_bytes")
    .map(({ value }) => value);
  note("machine memory used, max, GiB", Math.max(...memory) / 2 ** 30);
  const report = JSON.parse(readFileSync(join(folder, "report.json"), "utf8")) as {
    outcome: string;
  };
  console.log(`run ${rows.get("wall, s")?.length}: ${report.outcome}, ${wallS.toFixed(1)} s`);
}

for (let at = 0; at < runs; at += 1) await once();
console.log(
  `\n${"figure".padEnd(44)} ${"min".padStart(9)} ${"median".padStart(9)} ${"max".padStart(9)}  n`,
);
for (const [name, values] of rows) {
  const sorted = [...values].sort((a, b) => a - b);
  const show = (value: number | undefined): string => (value ?? NaN).toFixed(2).padStart(9);
  const median = sorted[Math.floor(sorted.length / 2)];
  console.log(
    `${name.padEnd(44)} ${show(sorted[0])} ${show(median)} ${show(sorted.at(-1))}  ${sorted.length}`,
  );
}
