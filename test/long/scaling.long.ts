// DNS and metrics of the local cluster: an autoscaler that scales for real, and clients that know
// the service by its name.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { kubeApi } from "../../src/clusters/kube/api.ts";
import { attachLocal } from "../../src/clusters/local/local.ts";
import { cacheRoot } from "../../src/cli/folders.ts";
import { listAt, numberAt, textAt, type Json } from "../../src/model/json.ts";
import type { Finding } from "../../src/model/verdict.ts";
import type { Cluster } from "../../src/ports/cluster.ts";
import { notPassed } from "../support/not-passed.ts";
import { ninety, start, type Ended } from "../support/ninety.ts";

const INSTANCE = "e2e-scaling";
const AUTOSCALER = "apis/autoscaling/v2/namespaces/ninety-hpa/horizontalpodautoscalers/server";
const LOOK_EVERY_MS = 2_000;

interface Report {
  readonly outcome: string;
  readonly folder: string;
  readonly findings: readonly Finding[];
}

function passed(ended: Ended): Report {
  let report: Report;
  try {
    report = JSON.parse(ended.stdout) as Report;
  } catch {
    throw new Error(`no report (exit ${ended.code}):\n${ended.stderr.slice(-4_000)}`);
  }
  expect(notPassed(report.findings)).toEqual([]);
  expect([report.outcome, ended.code]).toEqual(["pass", 0]);
  return report;
}

/**
 * The autoscaler's own status, again and again until the run is over. A run that is tried again has
 * another one: the last one's.
 */
async function looks(api: Cluster["api"], over: Promise<unknown>): Promise<readonly Json[]> {
  const seen: Json[] = [];
  let going = true;
  void over.finally(() => (going = false));
  while (going) {
    const found = await api.get(AUTOSCALER).catch(() => null);
    if (found !== null) seen.push(found);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  const uid = textAt(seen.at(-1), "metadata", "uid");
  return seen.filter((one) => textAt(one, "metadata", "uid") === uid);
}

const attached = (): Cluster =>
  attachLocal({ instance: INSTANCE, cacheRoot: cacheRoot(), makeApi: (path) => kubeApi(path) });

/** One client on the load host to its end. */
async function client(
  argv: readonly string[],
): Promise<{ readonly code: number | null; readonly lines: readonly string[]; tookMs: number }> {
  const startMs = performance.now();
  const process = attached().loadHost.start({ argv, env: {}, workFolder: cacheRoot() });
  const lines: string[] = [];
  process.onLine((line) => lines.push(line));
  const { code } = await process.ended;
  return { code, lines, tookMs: performance.now() - startMs };
}

beforeAll(async () => {
  await ninety(["cluster", "down", "--instance", INSTANCE]);
});
afterAll(async () => {
  const down = await ninety(["cluster", "down", "--instance", INSTANCE]);
  expect(down.code, down.stderr).toBe(0);
});

test("hpa: the service scales under load, as its autoscaler says, and takes a loss", async () => {
  const running = start(["run", "hpa", "--json", "--keep", "--instance", INSTANCE]);
  await running.said(/phase warmup/, 400_000);
  const { api } = attached();
  const seen = await looks(api, running.ended);
  const report = passed(await running.ended);

  // 0 until it has looked for the first time.
  const told = seen.map((one) => numberAt(one, "status", "currentReplicas") ?? 0);
  const replicas = told.filter((count) => count > 0);
  expect(replicas[0]).toBe(1);
  expect(replicas.at(-1)).toBeGreaterThanOrEqual(3);
  expect(replicas).toEqual([...replicas].sort((a, b) => a - b));
  const used = seen.flatMap((one) =>
    listAt(one, "status", "currentMetrics").flatMap(
      (metric) => numberAt(metric, "resource", "current", "averageUtilization") ?? [],
    ),
  );
  expect(Math.max(...used)).toBeGreaterThan(60);
  expect(report.findings.map(({ check }) => check)).toContain("scaled");
  // Metrics were the run's; what belongs to the cluster stays.
  expect(await api.get("apis/metrics.k8s.io/v1beta1")).toBeNull();
  await attached().ready(AbortSignal.timeout(10_000));
});

test("names: the cluster's are found, others are known at once not to be", async () => {
  const found = await client(["getent", "hosts", "kubernetes.default.svc.cluster.local"]);
  expect(found.lines.join()).toMatch(/^10\.96\.0\.1 +kubernetes\.default\.svc\.cluster\.local$/);
  for (const name of ["example.com", "nothing.default.svc.cluster.local"]) {
    const none = await client(["getent", "hosts", name]);
    expect(none).toMatchObject({ code: 2, lines: [] });
    // A resolver that gets no answer asks again after 5 s.
    expect(none.tookMs).toBeLessThan(4_000);
  }
  const asked = await client(["cat", "/etc/resolv.conf"]);
  expect(asked.lines[0]).toBe("nameserver 10.96.0.10");
  expect(readFileSync("/etc/resolv.conf", "utf8")).not.toContain("10.96.0.10");
});

test("by name: clients that ask DNS for each connection see a loss through", async () => {
  const file = "test/support/by-name.experiment.ts";
  const report = passed(await ninety(["run", file, "--json", "--instance", INSTANCE]));
  const load = readFileSync(join(report.folder, "load/load.json"), "utf8");
  expect(load).toContain("http://server.ninety-by-name.svc.cluster.local:80/");
});
