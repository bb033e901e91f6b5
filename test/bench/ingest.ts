// How fast a record is read, judged and rendered, and in how much memory:
// node bin/with-node.js test/bench/ingest.ts [seconds] [requests per second]
// Default: one hour at 1,000 a second. Each length is measured in a process of its own.
import { spawnSync } from "node:child_process";
import {
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { createGzip } from "node:zlib";
import { judgeFolder, writeReports } from "../../src/cli/judging.ts";
import { loadPlugins } from "../../src/cli/plugins.ts";
import type { Event } from "../../src/model/event.ts";
import type { Plan } from "../../src/model/plan.ts";
import type { Request } from "../../src/model/request.ts";
import { readRecord } from "../../src/store/read-record.ts";
import { makeRecord, randomFrom } from "../property/measure-record.ts";

const S = 1_000_000;
const CONNECTIONS = ["new", "reused"] as const;
/** From the start of phase faults. */
const OUTAGE_S = [1, 21] as const;

const [first, ...rest] = process.argv.slice(2);
if (first === "read") await readOne(rest[0] ?? "", Number(rest[1]));
else if (first === "judge") await judgeOne(rest[0] ?? "", Number(rest[1]));
else await all(Number(first ?? 3_600), Number(rest[0] ?? 1_000));

async function all(forS: number, rps: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "ninety-ingest-"));
  try {
    for (const share of [1 / 16, 1]) {
      const run = join(folder, String(share));
      const requests = await writeRecord(run, Math.round(forS * share), rps);
      for (const what of ["read", "judge"]) alone(what, run, String(requests));
      rmSync(run, { recursive: true });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** In a process of its own, whose memory is nobody else's. */
function alone(...args: readonly string[]): void {
  const script = fileURLToPath(import.meta.url);
  const argv = ["--disable-warning=ExperimentalWarning", script, ...args];
  const ended = spawnSync(process.execPath, argv, { stdio: "inherit" });
  if (ended.status !== 0) process.exitCode = 1;
}

/** A run of that length with an outage of 20 s; returns how many requests it has. */
async function writeRecord(folder: string, forS: number, rps: number): Promise<number> {
  mkdirSync(folder, { recursive: true });
  const faultS = 60;
  const steadyS = Math.floor((forS - faultS) / 2);
  const rateRps = rps / CONNECTIONS.length;
  const observeS = forS - faultS - steadyS;
  const small = makeRecord({ steadyS, faultS, observeS, rateRps: 0.001, connections: CONNECTIONS });
  const plan: Plan = {
    ...small.plan,
    load: { ...small.plan.load, rateRps },
    checks: [
      { name: "recovery", params: { serviceMs: 30_000, capacityMs: 60_000 } },
      { name: "load-held", params: {} },
      { name: "steady-clean", params: {} },
      { name: "fault-took-effect", params: {} },
    ],
  };
  writeFileSync(join(folder, "plan.json"), JSON.stringify(plan));
  writeFileSync(join(folder, "events.ndjson"), small.events.map(line).join(""));
  const [fromUs, untilUs] = [
    phaseUs(small.events, "steady"),
    phaseUs(small.events, "teardown") - S,
  ];
  const faultsUs = phaseUs(small.events, "faults");
  const count = Math.floor(((untilUs - fromUs) / S) * rateRps);
  const random = randomFrom(1);
  function* lines(): Generator<string> {
    let text = "";
    for (let id = 0; id < count; id += 1) {
      for (const scenario of CONNECTIONS) text += line(requestOf(id, scenario));
      if (text.length < 65_536) continue;
      yield text;
      text = "";
    }
    yield `${text}${line({ end: true, requests: count * CONNECTIONS.length })}`;
  }
  function requestOf(id: number, scenario: (typeof CONNECTIONS)[number]): Request {
    const intendedUs = Math.round(fromUs + (id / rateRps) * S);
    const startUs = intendedUs + Math.floor(random() * 500);
    const endUs = startUs + 3_000 + Math.floor(random() * 4_000);
    const sent = { id, scenario, intendedUs, attempts: 1, startUs, endUs };
    const inS = (intendedUs - faultsUs) / S;
    const out = inS >= OUTAGE_S[0] && inS < OUTAGE_S[1];
    if (random() < (out ? 0.5 : 0.0005)) return { ...sent, outcome: "refused" };
    const backend = `server-7c9d5b8f6-${id % 3}`;
    const firstByteUs = endUs - 100;
    return { ...sent, connection: scenario, firstByteUs, status: 200, backend, outcome: "ok" };
  }
  const file = createWriteStream(join(folder, "requests.ndjson.gz"));
  await pipeline(lines, createGzip({ level: 1 }), file);
  return count * CONNECTIONS.length;
}

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

function phaseUs(events: readonly Event[], phase: string): number {
  const found = events.find((event) => event.type === "phase" && event.phase === phase);
  if (!found) throw new Error(`phase ${phase} is missing`);
  return found.atUs;
}

async function readOne(folder: string, wanted: number): Promise<void> {
  const startMs = performance.now();
  const cpu = process.cpuUsage();
  const record = await readRecord(folder);
  const { user, system } = process.cpuUsage(cpu);
  if (record.requests.length !== wanted)
    throw new Error(`${record.requests.length}, not ${wanted}`);
  const perSec = wanted / ((user + system) / S);
  process.stdout.write(
    `${wanted} requests: read in ${secondsSince(startMs)} s, ${Math.round(perSec)} for each second ` +
      `of a core; peak ${rssMaxMiB()} MiB\n`,
  );
}

async function judgeOne(folder: string, wanted: number): Promise<void> {
  const plugins = await loadPlugins();
  const startMs = performance.now();
  const judged = await judgeFolder(folder, plugins);
  await writeReports(judged, plugins);
  const bytes = statSync(join(folder, "report.html")).size;
  process.stdout.write(
    `${wanted} requests: read, judged (${judged.verdict.outcome}) and rendered in ` +
      `${secondsSince(startMs)} s; peak ${rssMaxMiB()} MiB; report.html ${bytes} bytes\n`,
  );
}

function secondsSince(startMs: number): string {
  return ((performance.now() - startMs) / 1_000).toFixed(2);
}

function rssMaxMiB(): number {
  return Math.round(process.resourceUsage().maxRSS / 1_024);
}
