// Every intended tick is told exactly once, whatever happens to the service or to k6.
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { k6Runner, usersFor } from "../../src/load/k6.ts";
import { predict } from "../../src/load/predict.ts";
import { requests as anyRequests } from "../../src/load/requests.ts";
import type { LoadPlan, PlannedPart } from "../../src/model/plan.ts";
import type { Request, RequestOutcome, Sample } from "../../src/model/request.ts";
import type { Load, RunningLoad } from "../../src/ports/load.ts";
import { readRequest, type RequestOptions } from "../../workloads/parts/request.ts";
import { k6Program, loadHost, loadPlanOf } from "../support/k6.ts";
import { expectedCases } from "../support/load-cases.ts";
import type { Counts } from "../support/load-server.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const monotonicUs = (): number => Number(process.hrtime.bigint() / 1_000n);
const part: PlannedPart = {
  part: "server",
  objects: [],
  selector: null,
  replicas: 1,
  gpusPerPod: 0,
  service: { name: "server", port: 8501 },
};

/** The part with the request that a case of the server's "model" is, and the right answer to it. */
function asking(expect: Partial<RequestOptions["expect"]> = {}): PlannedPart {
  const [one] = expectedCases().cases;
  if (!one) throw new Error("no case");
  const problems: string[] = [];
  const request = readRequest(
    "request",
    {
      method: "POST",
      path: "/v1/any?x=1",
      body: { instances: [one.input] },
      expect: { json: { predictions: [one.output] }, ...expect },
    },
    problems,
  );
  if (!request) throw new Error(problems.join("; "));
  return { ...part, request };
}

let k6Path: string;
let folder: string;
let server: ChildProcess;
const started: ChildProcess[] = [];

beforeAll(async () => {
  k6Path = await k6Program();
});

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ninety-load-"));
  mkdirSync(join(folder, "models/mlp/1"), { recursive: true });
  mkdirSync(join(folder, "work"));
  writeFileSync(join(folder, "models/mlp/1/expected.json"), JSON.stringify(expectedCases()));
});

afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

const host = loadHost(started);

async function startServer(backlog = 511): Promise<number> {
  server = fork(join(root, "test/support/load-server.ts"), [String(backlog)]);
  started.push(server);
  const [address] = (await once(server, "message")) as [{ port: number }];
  return address.port;
}

async function ask<T>(message: string): Promise<T> {
  server.send(message);
  const [answer] = (await once(server, "message")) as [T];
  return answer;
}

type Written = Parameters<typeof predict>[0];

interface Offered {
  readonly load: RunningLoad;
  readonly plan: LoadPlan;
  readonly k6: ChildProcess;
  readonly requests: Request[];
  readonly samples: Sample[];
  readonly startUs: number;
}

async function offer(port: number, options: Omit<Written, "to">): Promise<Offered> {
  return offerTo(port, predict({ to: part, ...options }), part);
}

async function offerTo(port: number, asked: Load, to: PlannedPart): Promise<Offered> {
  const plan = loadPlanOf(asked, to);
  const requests: Request[] = [];
  const samples: Sample[] = [];
  const startUs = monotonicUs();
  const runner = k6Runner({
    k6Path,
    scriptsFolder: join(root, "workloads/load"),
    modelsFolder: join(folder, "models"),
  });
  const load = await runner.start({
    plan,
    part: to,
    namespace: "ninety-test",
    address: `127.0.0.1:${port}`,
    seed: "1",
    host,
    workFolder: join(folder, "work"),
    monotonicStartUs: startUs,
    atMostMs: 60_000,
    onRequest: (request) => requests.push(request),
    onSample: (sample) => samples.push(sample),
  });
  return { load, plan, k6: started.at(-1) as ChildProcess, requests, samples, startUs };
}

/** Ids 0 to n - 1 of each scenario, once each; due on a grid; no start before it was due. */
function accounted({ plan, requests }: Offered): void {
  for (const { name } of plan.scenarios) {
    const own = requests.filter((one) => one.scenario === name).sort((a, b) => a.id - b.id);
    expect(own.map((one) => one.id)).toEqual(own.map((_, at) => at));
    const [first] = own;
    for (const one of own) {
      const dueUs = (first?.intendedUs ?? 0) + (one.id * 1_000_000) / plan.rateRps;
      expect(Math.abs(one.intendedUs - dueUs)).toBeLessThan(100);
      // Whole microseconds, each cut off on its own.
      if ("startUs" in one) expect(one.startUs).toBeGreaterThan(one.intendedUs - 3);
    }
  }
}

function outcomes(requests: readonly Request[]): Partial<Record<RequestOutcome, number>> {
  const counted: Partial<Record<RequestOutcome, number>> = {};
  for (const { outcome } of requests) counted[outcome] = (counted[outcome] ?? 0) + 1;
  return counted;
}

const after = (requests: readonly Request[], us: number): Request[] =>
  requests.filter((one) => one.intendedUs > us);
const both = ["new", "reused"] as const;

test("a healthy service: nothing is missing, connections are as asked", async () => {
  const port = await startServer();
  const offered = await offer(port, { rate: "100/s", connections: both, timeout: "200ms" });
  await sleep(4_000);
  await offered.load.stop(1_000);
  await offered.load.ended;
  const { plan, requests, samples } = offered;
  accounted(offered);
  expect(outcomes(requests)).toEqual({ ok: requests.length });
  expect(requests.length).toBeGreaterThan(780);

  const seen = await ask<Counts>("counts");
  const of = (scenario: string): Request[] => requests.filter((one) => one.scenario === scenario);
  expect(seen.closing.requests).toBe(of("new").length);
  expect(seen.closing.connections).toBe(of("new").length);
  expect(seen.kept.requests).toBe(of("reused").length);
  expect(seen.kept.connections).toBeLessThanOrEqual(usersFor(plan));
  const warm = of("reused").filter((one) => one.id >= 2 * usersFor(plan));
  const kept = warm.filter((one) => "connection" in one && one.connection === "reused");
  expect(kept.length / warm.length).toBeGreaterThanOrEqual(0.99);

  const metrics = new Set(samples.map((sample) => sample.metric));
  expect([...metrics].sort()).toEqual([
    "load_cpu_cores",
    "load_in_flight",
    "load_rss_bytes",
    "load_start_lag_p99_us",
  ]);
});

test("a blackhole that outlasts the run: what is in flight is told as open", async () => {
  const port = await startServer();
  const offered = await offer(port, { rate: "50/s", connections: both, timeout: "10s" });
  await sleep(1_000);
  server.kill("SIGSTOP");
  await sleep(2_000);
  const stopUs = monotonicUs() - offered.startUs;
  await offered.load.stop(300);
  await offered.load.ended;
  accounted(offered);
  const { ok = 0, open = 0, ...others } = outcomes(offered.requests);
  expect(others).toEqual({});
  expect(ok).toBeGreaterThan(90);
  expect(open).toBeGreaterThan(190);
  expect(Math.max(...offered.requests.map((one) => one.intendedUs))).toBeLessThan(stopUs + 150_000);
  // What the server finds in its queues once it wakes up is what was told, and no more.
  server.kill("SIGCONT");
  await sleep(500);
  expect((await ask<Counts>("counts")).requests).toBe(offered.requests.length);
});

test("a host that takes no connection: connect-timeout, also within the run", async () => {
  const port = await startServer(1);
  const offered = await offer(port, { rate: "50/s", connections: ["new"], timeout: "300ms" });
  await sleep(500);
  const stopUs = monotonicUs() - offered.startUs;
  server.kill("SIGSTOP");
  await sleep(2_000);
  await offered.load.stop(1_000);
  await offered.load.ended;
  accounted(offered);
  const {
    timeout = 0,
    "connect-timeout": refused = 0,
    ...others
  } = outcomes(after(offered.requests, stopUs + 50_000));
  expect(others).toEqual({});
  expect(timeout).toBeLessThan(10);
  expect(refused).toBeGreaterThan(80);
});

test("SIGINT loses nothing, and a load that nobody stopped has died", async () => {
  const port = await startServer();
  const offered = await offer(port, { rate: "50/s", connections: both, timeout: "10s" });
  await sleep(500);
  server.kill("SIGSTOP");
  await sleep(1_000);
  offered.k6.kill("SIGINT");
  await expect(offered.load.ended).rejects.toThrow("load died: it must go on until it is stopped");
  accounted(offered);
  const { ok = 0, open = 0, ...others } = outcomes(offered.requests);
  expect(others).toEqual({});
  expect(ok).toBeGreaterThan(40);
  expect(open).toBeGreaterThan(90);
});

test("SIGKILL loses what was not yet written, and the load has died", async () => {
  const port = await startServer();
  const offered = await offer(port, { rate: "100/s", connections: ["reused"], timeout: "200ms" });
  await sleep(1_000);
  offered.k6.kill("SIGKILL");
  const killUs = monotonicUs() - offered.startUs;
  await expect(offered.load.ended).rejects.toThrow("load died: k6 must write its last line");
  accounted(offered);
  const last = offered.requests.at(-1);
  expect(last && "endUs" in last ? killUs - last.endUs : Infinity).toBeLessThan(250_000);
});

test("a generator that stalls: ticks without a free user are told as dropped", async () => {
  const port = await startServer();
  const offered = await offer(port, { rate: "200/s", connections: both, timeout: "50ms" });
  await sleep(1_000);
  offered.k6.kill("SIGSTOP");
  await sleep(1_500);
  offered.k6.kill("SIGCONT");
  await sleep(1_000);
  await offered.load.stop(1_000);
  await offered.load.ended;
  accounted(offered);
  const { dropped = 0 } = outcomes(offered.requests);
  expect(dropped).toBeGreaterThan(100);
  expect(offered.requests.length).toBeGreaterThan(2 * 200 * 3.4);
  const lagUs = offered.requests.map((one) =>
    "startUs" in one ? one.startUs - one.intendedUs : 0,
  );
  expect(Math.max(...lagUs)).toBeGreaterThan(1_000_000);
});

test("a server that is killed refuses", async () => {
  const port = await startServer();
  const offered = await offer(port, { rate: "50/s", connections: both });
  await sleep(1_000);
  const killUs = monotonicUs() - offered.startUs;
  server.kill("SIGKILL");
  await sleep(1_000);
  await offered.load.stop(1_000);
  await offered.load.ended;
  accounted(offered);
  const late = after(offered.requests, killUs + 100_000);
  expect(outcomes(late)).toEqual({ refused: late.length });
  expect(late.length).toBeGreaterThan(80);
});

const shapes: readonly (readonly [string, RequestOutcome])[] = [
  ["wrong", "bad-content"],
  ["cut", "truncated"],
  ["stall", "stalled"],
  ["error", "http-5xx"],
  ["shed", "shed"],
];
test.each([
  ["predict", predict, part],
  ["requests", anyRequests, asking()],
] as const)("answers that are wrong in their own way are told so: %s", async (_name, make, to) => {
  const port = await startServer();
  const options = { rate: "50/s", connections: both, timeout: "300ms" } as const;
  const offered = await offerTo(port, make({ to, ...options }), to);
  const spans: { outcome: RequestOutcome; fromUs: number; toUs: number }[] = [];
  for (const [mode, outcome] of shapes) {
    await ask(mode);
    const fromUs = monotonicUs() - offered.startUs;
    await sleep(600);
    spans.push({ outcome, fromUs, toUs: monotonicUs() - offered.startUs });
  }
  await ask("right");
  await offered.load.stop(1_000);
  await offered.load.ended;
  accounted(offered);
  for (const { outcome, fromUs, toUs } of spans) {
    const during = offered.requests.filter(
      (one) => one.intendedUs > fromUs && one.intendedUs < toUs - 100_000,
    );
    expect(outcomes(during), outcome).toEqual({ [outcome]: during.length });
    expect(during.length).toBeGreaterThan(40);
    expect(during.every((one) => "backend" in one && one.backend === "pod-a")).toBe(true);
  }
});

test.each([
  ["a text that is there", { contains: "predictions" }, "ok"],
  ["a text that is not", { contains: "no such text" }, "bad-content"],
  ["a field with that value", { json: {} }, "ok"],
  ["a field that is not there", { json: { other: null } }, "bad-content"],
  ["a list that is longer", { json: { predictions: [] } }, "bad-content"],
  ["another status", { status: 204 }, "bad-content"],
] as const)("any request and its right answer: %s", async (_what, wanted, outcome) => {
  const port = await startServer();
  const to = asking(wanted);
  const offered = await offerTo(port, anyRequests({ to, rate: "50/s", connections: both }), to);
  await sleep(400);
  await offered.load.stop(1_000);
  await offered.load.ended;
  accounted(offered);
  expect(outcomes(offered.requests)).toEqual({ [outcome]: offered.requests.length });
  expect(offered.requests.length).toBeGreaterThan(20);
});

test("a script that cannot run is a load that died, with what k6 said", async () => {
  const port = await startServer();
  writeFileSync(join(folder, "models/mlp/1/expected.json"), "{}");
  const failed = offer(port, { rate: "50/s", connections: ["new"] });
  await expect(failed).rejects.toMatchObject({ exit: 2, hint: expect.stringContaining("k6 said") });
  expect(existsSync(join(folder, "work/k6.log"))).toBe(true);
});
