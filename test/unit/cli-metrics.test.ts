// Live metrics over HTTP while a record goes by on a clock of the test.
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { judgeFolder } from "../../src/cli/judging.ts";
import { RunMetrics } from "../../src/cli/metrics.ts";
import { serveMetrics, type MetricsServer } from "../../src/cli/metrics-server.ts";
import { loadPlugins } from "../../src/cli/plugins.ts";
import type { RunRecord } from "../../src/model/record.ts";
import type { RunLog } from "../../src/store/run-log.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";

const SMALL = join(import.meta.dirname, "../golden/records/small");
const S = 1_000_000;
const judged = await judgeFolder(SMALL, await loadPlugins());
/** The record was written by hand: its step holds nothing. Here it does. */
const record: RunRecord = {
  ...judged.record,
  events: judged.record.events.map((event) =>
    event.type === "fault" && event.edge === "inject-begin"
      ? { ...event, effects: [{ id: "f01.0", effect: { kind: "power", node: "n1" } }] }
      : event,
  ),
};

let server: MetricsServer | null = null;
const said: string[] = [];
beforeEach(async () => {
  said.length = 0;
  server = await serveMetrics("0", (line) => said.push(line));
});
afterEach(() => server?.close());

const url = (): string => `http://127.0.0.1:${server?.port}/metrics`;

/** What is served, by series. */
async function served(): Promise<ReadonlyMap<string, number>> {
  const answer = await fetch(url());
  expect(answer.status).toBe(200);
  const lines = (await answer.text()).split("\n").filter((line) => line && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const cut = line.lastIndexOf(" ");
      return [line.slice(0, cut), Number(line.slice(cut + 1))];
    }),
  );
}

/** Metrics of a record of which everything up to that second has been told. */
function metricsAt(of: RunRecord, atS: number): RunMetrics {
  type Listener = Parameters<RunLog["listen"]>[0];
  const listeners: Listener[] = [];
  const clock = Object.assign(new VirtualClock(), { nowUs: () => atS * S });
  const log = { listen: (listener: Listener) => void listeners.push(listener) };
  const metrics = new RunMetrics({ plan: of.plan, log, clock });
  for (const listener of listeners) {
    for (const event of of.events) if (event.atUs <= atS * S) listener.event(event);
    for (const sample of of.samples) if (sample.atUs <= atS * S) listener.sample(sample);
    for (const request of of.requests) {
      const toldUs = "endUs" in request ? request.endUs : request.intendedUs;
      if (toldUs <= atS * S) listener.request(request);
    }
  }
  server?.show(() => metrics.text());
  return metrics;
}

test("a free port is told, and nothing but GET /metrics is answered", async () => {
  expect(said).toEqual([`metrics at ${url()}`]);
  metricsAt(record, 1);
  expect((await fetch(url())).headers.get("content-type")).toContain("version=0.0.4");
  expect((await fetch(url().replace("metrics", ""))).status).toBe(404);
  expect((await fetch(url(), { method: "POST" })).status).toBe(405);
});

test("before the load: a phase, no ratio of nothing, no replicas that nobody counted", async () => {
  metricsAt(record, 1.5);
  const all = await served();
  expect(all.get('ninety_phase{phase="deploy"}')).toBe(1);
  expect(all.get('ninety_phase{phase="steady"}')).toBe(0);
  for (const name of ["ninety_phase_left_seconds", "ninety_replicas_ready", "ninety_verdict"]) {
    expect([...all.keys()].filter((key) => key.startsWith(name))).toEqual([]);
  }
  expect(all.has('ninety_good_ratio{scenario="new"}')).toBe(false);
});

test("in the fault: what is left, the last ten seconds, the fault with age and proof", async () => {
  metricsAt(record, 32);
  const all = await served();
  expect(all.get('ninety_phase{phase="faults"}')).toBe(1);
  expect(all.get("ninety_phase_left_seconds")).toBeCloseTo(4, 3);
  const own = [...record.requests].filter(
    (one) => one.intendedUs >= 22 * S && one.intendedUs < 32 * S && "endUs" in one,
  );
  const good = own.filter(
    (one) => one.outcome === "ok" && one.endUs - one.intendedUs <= 250_000,
  ).length;
  expect(own.length).toBeGreaterThan(90);
  expect(good).toBeLessThan(own.length);
  expect(all.get('ninety_offered_rps{scenario="new"}')).toBeCloseTo(own.length / 10, 6);
  expect(all.get('ninety_good_rps{scenario="new"}')).toBeCloseTo(good / 10, 6);
  expect(all.get('ninety_good_ratio{scenario="new"}')).toBeCloseTo(good / own.length, 6);
  const fault = 'ninety_fault_open_seconds{step="f01",fault="gpu-lost",proof="proved"}';
  expect(all.get(fault)).toBeCloseTo(32 - 28.01, 3);
  expect([...all.keys()].some((key) => key.startsWith("ninety_verdict"))).toBe(false);
});

test("at the end: no fault, verdict and recovery with its interval", async () => {
  const metrics = metricsAt(record, 60);
  metrics.end(judged);
  const all = await served();
  expect([...all.keys()].filter((key) => key.startsWith("ninety_fault_open"))).toEqual([]);
  expect(all.get('ninety_verdict{outcome="pass"}')).toBe(1);
  expect(all.get('ninety_verdict{outcome="fail"}')).toBe(0);
  const recovery = judged.measurement.episodes[0]?.service["new"]?.recovery;
  expect(recovery?.is).toBe("value");
  const of = (bound: string): number | undefined =>
    all.get(
      `ninety_recovery_seconds{steps="f01",lane="service",scenario="new",class="RECOVERED",bound="${bound}"}`,
    );
  if (recovery?.is !== "value") return;
  expect([of("value"), of("low"), of("high")]).toEqual(
    [recovery.value, recovery.low, recovery.high].map((ms) => ms / 1_000),
  );
});

test("labels are bounded in number and length, and what is left out is counted", async () => {
  const name = (nth: number): string => `${nth}-${"long".repeat(100)}`;
  const scenarios = Array.from({ length: 150 }, (_, nth) => ({
    name: name(nth),
    connection: "new" as const,
  }));
  const plan = { ...record.plan, load: { ...record.plan.load, scenarios } };
  metricsAt({ ...record, plan, requests: [] }, 1);
  const all = await served();
  const own = [...all.keys()].filter((key) => key.startsWith("ninety_requests_total{"));
  expect(own).toHaveLength(100);
  expect(Math.max(...own.map((key) => key.length))).toBeLessThan(200);
  // Two counters and two rates have 50 too many each.
  expect(all.get("ninety_metrics_left_out")).toBe(200);
});

test("a port that is taken is told with rule and value: nothing was touched", async () => {
  const port = String(server?.port);
  await expect(serveMetrics(port, () => {})).rejects.toMatchObject({
    exit: 4,
    message: expect.stringContaining(
      `--metrics-port must be free on 127.0.0.1, got ${port}`,
    ) as string,
  });
});
