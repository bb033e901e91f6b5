// While a server answers nothing, k6's own http_req_duration gets better: a dial that is given up
// counts as 0 ms. The same requests as ninety measures them are infinitely slow.
import { execFileSync, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { k6Runner } from "../../src/load/k6.ts";
import { requests as anyRequests } from "../../src/load/requests.ts";
import { measure } from "../../src/measure/measure.ts";
import type { Event } from "../../src/model/event.ts";
import type { LoadPlan, PlannedPart } from "../../src/model/plan.ts";
import type { Request } from "../../src/model/request.ts";
import { makeRecord } from "../property/measure-record.ts";
import { k6Program, loadHost, loadPlanOf } from "../support/k6.ts";
import {
  netEffectsPath,
  netPair,
  noNamespaces,
  SERVER_PORT,
  type NetPair,
} from "../support/net-pair.ts";
import { ROOT } from "../support/ninety.ts";

const why = noNamespaces();
const [RATE_RPS, TIMEOUT_MS] = [50, 2_000];
const [WARMUP_MS, STEADY_MS, BLACKHOLE_MS, AFTER_MS] = [2_000, 10_000, 9_000, 3_000];
/**
 * Until then requests end that were sent before the blackhole, or on a connection from before: each
 * virtual user has one, and takes its turn within a timeout and 240 ms.
 */
const SETTLED_MS = 2 * TIMEOUT_MS + 1_000;
/** From the begin of its phase to the blackhole: twenty times what an answer takes. */
const LEAD_MS = 100;
const monotonicUs = (): number => Number(process.hrtime.bigint() / 1_000n);

const part: PlannedPart = {
  part: "server",
  objects: [],
  selector: null,
  replicas: 1,
  gpusPerPod: 0,
  service: { name: "server", port: SERVER_PORT },
  request: {
    method: "GET",
    path: "/",
    headers: {},
    body: null,
    expect: { status: 200, contains: null },
  },
};

/** One value of k6's http_req_duration, in ms, at the end of its request. */
interface Point {
  readonly atUs: number;
  readonly scenario: string;
  readonly ms: number;
}
interface Ran {
  readonly plan: LoadPlan;
  readonly requests: readonly Request[];
  /** k6's raw output. */
  readonly points: readonly Point[];
  /** k6's end-of-test summary: p(99) of http_req_duration over the whole run, in ms. */
  readonly summaryP99Ms: number;
  readonly blackholeUs: readonly [from: number, until: number];
  readonly untilUs: number;
}

const started: ChildProcess[] = [];
let folder = "";
let pair: NetPair;
let ran: Ran;

beforeAll(async () => {
  if (why !== null) return;
  folder = mkdtempSync(join(tmpdir(), "ninety-blackhole-"));
  pair = await netPair(await netEffectsPath());
  ran = await offer(await k6Program());
}, 600_000);
afterAll(async () => {
  for (const child of started) child.kill("SIGKILL");
  await pair?.close();
  if (folder !== "") rmSync(folder, { recursive: true, force: true });
});

const RULES =
  "table inet blackhole {\n chain in { type filter hook input priority 0; policy drop; }\n}\n";

/** In the server's network: packets to it are dropped, and nobody is told. */
function dropping(on: boolean): void {
  const target = `--net=/proc/${pair.server.pids()[0]}/ns/net`;
  const argv = on ? ["-f", "-"] : ["delete", "table", "inet", "blackhole"];
  execFileSync("nsenter", [target, "nft", ...argv], { input: on ? RULES : "", stdio: "pipe" });
}

/** k6 in the client's network, with its own summary and raw output beside the record. */
async function offer(k6Path: string): Promise<Ran> {
  const work = join(folder, "work");
  mkdirSync(work);
  const [raw, summary] = [join(work, "raw.json"), join(work, "summary.json")];
  const host = loadHost(started, (argv) => [
    "nsenter",
    `--net=/proc/${pair.client.pids()[0]}/ns/net`,
    ...argv.filter((one) => one !== "--summary-mode=disabled"),
    "--out",
    `json=${raw}`,
    "--summary-export",
    summary,
    "--summary-trend-stats",
    "p(99)",
  ]);
  const asked = anyRequests({
    to: part,
    rate: `${RATE_RPS}/s`,
    connections: ["new", "reused"],
    timeout: `${TIMEOUT_MS}ms`,
  });
  const plan = loadPlanOf(asked, part);
  const requests: Request[] = [];
  const startUs = monotonicUs();
  const startMs = Date.now();
  const load = await k6Runner({
    k6Path,
    scriptsFolder: join(ROOT, "workloads/load"),
    modelsFolder: join(folder, "models"),
  }).start({
    plan,
    part,
    namespace: "ninety-test",
    address: `${pair.serverAddress}:${SERVER_PORT}`,
    seed: "1",
    host,
    workFolder: work,
    monotonicStartUs: startUs,
    atMostMs: 60_000,
    onRequest: (request) => requests.push(request),
    onSample: () => {},
  });
  await sleep(WARMUP_MS + STEADY_MS);
  // What is asked before it must be answered before it: of that p(99) is told.
  const fromUs = monotonicUs() - startUs;
  await sleep(LEAD_MS);
  dropping(true);
  await sleep(BLACKHOLE_MS);
  const untilUs = monotonicUs() - startUs;
  dropping(false);
  await sleep(AFTER_MS);
  await load.stop(TIMEOUT_MS + 500);
  await load.ended;
  return {
    plan,
    requests,
    points: pointsIn(readFileSync(raw, "utf8"), startMs),
    summaryP99Ms: summaryIn(readFileSync(summary, "utf8")),
    blackholeUs: [fromUs, untilUs],
    untilUs: monotonicUs() - startUs,
  };
}

function pointsIn(text: string, startMs: number): readonly Point[] {
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { type: string; metric: string; data: never })
    .filter(({ type, metric }) => type === "Point" && metric === "http_req_duration")
    .map(({ data }) => {
      const { time, value, tags } = data as {
        readonly time: string;
        readonly value: number;
        readonly tags: { readonly scenario: string };
      };
      return { atUs: (Date.parse(time) - startMs) * 1_000, scenario: tags.scenario, ms: value };
    });
}

function summaryIn(text: string): number {
  const { metrics } = JSON.parse(text) as {
    readonly metrics: { readonly http_req_duration: Readonly<Record<string, number>> };
  };
  return metrics.http_req_duration["p(99)"] ?? NaN;
}

/** As k6 does it: between the two nearest. */
function p99(all: readonly number[]): number {
  const sorted = all.toSorted((a, b) => a - b);
  const at = 0.99 * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? NaN;
  const high = sorted[Math.ceil(at)] ?? NaN;
  return low + (high - low) * (at - Math.floor(at));
}

/** k6's values of the requests of one scenario that ended in [from, until). */
const own = (name: string, fromUs: number, untilUs: number): readonly number[] =>
  ran.points
    .filter(({ scenario, atUs }) => scenario === name && atUs >= fromUs && atUs < untilUs)
    .map(({ ms }) => ms);

/** The run as ninety measures it: phase faults is the blackhole. */
function phasesOf(scenario: string) {
  const [fromUs, untilUs] = ran.blackholeUs;
  const made = makeRecord();
  const starts = [
    [0, "warmup"],
    [WARMUP_MS * 1_000, "steady"],
    [fromUs, "faults"],
    [untilUs, "observe"],
    [ran.untilUs, "teardown"],
  ] as const;
  const events = starts.map(([atUs, phase]): Event => ({ atUs, type: "phase", phase }));
  const { plan: load, requests } = ran;
  const measured = measure({ ...made, plan: { ...made.plan, load }, events, requests });
  return measured.scenarios.find(({ name }) => name === scenario)!.phases;
}

describe.skipIf(why !== null)(`a blackhole${why === null ? "" : `: ${why}`}`, () => {
  test.each(["new", "reused"])("is fast to k6 and endless to ninety: %s", (scenario) => {
    const [fromUs, untilUs] = ran.blackholeUs;
    const steady = own(scenario, WARMUP_MS * 1_000, fromUs);
    const hole = own(scenario, fromUs + SETTLED_MS * 1_000, untilUs);
    // All requests that ended are told, and each of them failed: as 0 ms.
    expect(hole.length).toBeGreaterThan(0.8 * RATE_RPS * ((BLACKHOLE_MS - SETTLED_MS) / 1_000));
    expect(p99(hole)).toBe(0);
    expect(p99(steady)).toBeGreaterThan(0);

    const { steady: before, faults } = phasesOf(scenario);
    expect(before!.latency.p99).toMatchObject({ is: "value" });
    expect(faults!.latency.p99).toMatchObject({ is: "beyond" });
    // The few that were answered before the rules were in place.
    const { goodRatio } = faults!;
    expect(goodRatio.is === "value" ? goodRatio.value : 1).toBeLessThan(0.1);
    expect(faults!.intended).toBeGreaterThan(0.95 * RATE_RPS * (BLACKHOLE_MS / 1_000));
  });

  test("in a whole run k6 says that 99 % were faster than the timeout, where a third failed", () => {
    const all = ran.points.map(({ ms }) => ms);
    const failed = ran.requests.filter(({ outcome }) => outcome !== "ok").length;
    expect(failed / ran.requests.length).toBeGreaterThan(0.25);
    // Its own summary says the same as its raw output.
    expect(ran.summaryP99Ms).toBeCloseTo(p99(all), 6);
    const fresh = ran.points.filter(({ scenario }) => scenario === "new").map(({ ms }) => ms);
    expect(p99(fresh)).toBeLessThan(TIMEOUT_MS);
  });
});
