// Faults on packets, on a real cluster: each proved by what others see of it, each proved gone, the
// kubelet's probes left alone or met as said, and nothing left.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Event } from "../../src/model/event.ts";
import type { Environment } from "../../src/model/record.ts";
import { machineSnapshot } from "../support/machine.ts";
import { notPassed } from "../support/not-passed.ts";
import { ninety, ROOT } from "../support/ninety.ts";

const INSTANCE = "full-faults-net";

interface Report {
  readonly findings: readonly { readonly check: string; readonly outcome: string }[];
  readonly steps: readonly object[];
}

beforeAll(async () => void (await ninety(["cluster", "down", "--instance", INSTANCE])));
afterAll(async () => void (await ninety(["cluster", "down", "--instance", INSTANCE])));

/** Runs it on a cluster that comes and goes with it: each fault proved and proved gone. */
async function all(name: string, faults: readonly string[]): Promise<void> {
  const before = machineSnapshot();
  const experiment = `test/support/${name}.experiment.ts`;
  const ended = await ninety(["run", experiment, "--json", "--instance", INSTANCE]);
  const { findings, steps } = JSON.parse(ended.stdout) as Report;
  const wanted = { proved: "proved", healed: "healed", healProved: "proved" };
  const told = ended.stderr.slice(-4_000);
  expect(steps, told).toMatchObject(faults.map((fault) => ({ fault, ...wanted })));
  expect(notPassed(findings)).toEqual([]);
  expect(ended.code).toBe(0);
  expect(machineSnapshot()).toEqual(before);
}

test("of pods: each proved, each healed, nothing left, and probes met only where asked", async () => {
  await all("faults-net", [
    "net-delay",
    "net-loss",
    "net-partition",
    "net-partition",
    "pod-unready",
    "net-duplicate",
    "net-corrupt",
    "net-reorder",
    "net-bandwidth",
  ]);
  const folder = lastRun("faults-net");
  // deep: readiness is asked every 2 s.
  expect(probesDuring(folder, "f03")).toBeGreaterThanOrEqual(3);
  expect(probesDuring(folder, "f04")).toBe(0);
  expect(probesDuring(folder, "f05")).toBe(0);
});

test("of links and a node: each proved, each healed, nothing left", async () => {
  await all("faults-net-far", [
    "net-delay",
    "net-loss",
    "net-partition",
    "net-delay",
    "net-loss",
    "net-partition",
    "node-partition",
  ]);
});

function lastRun(name: string): string {
  const runs = join(ROOT, "reports/runs", name);
  const last = readdirSync(runs).sort().at(-1);
  if (last === undefined) throw new Error(`no run in ${runs}`);
  return join(runs, last);
}

/** Probes of the kubelet that the step's pod answered while its effect was there. */
function probesDuring(folder: string, step: string): number {
  const { monotonicStartUs } = JSON.parse(
    readFileSync(join(folder, "environment.json"), "utf8"),
  ) as Environment;
  const edges = readFileSync(join(folder, "events.ndjson"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Event)
    .flatMap((event) => (event.type === "fault" && event.id === step ? [event] : []));
  const [begin] = edges.flatMap((one) => (one.edge === "inject-begin" ? [one] : []));
  const target = begin?.targets[0];
  if (target?.kind !== "pod") throw new Error(`${step} must be on a pod, got ${target?.kind}`);
  const untilUs = edges.find(({ edge }) => edge === "heal-begin")?.atUs ?? Number.NaN;
  const sinceUs = edges.find(({ edge }) => edge === "inject-end")?.atUs ?? Number.NaN;
  const logs = join(folder, "artifacts/logs", target.namespace, target.name);
  const atUs = readdirSync(logs)
    .filter((file) => file.endsWith(".log") && !file.includes(".before-"))
    .flatMap((file) => readFileSync(join(logs, file), "utf8").split("\n"))
    .filter((line) => line.includes("kube-probe"))
    .map((line) => Number(/"atUs":(\d+)/.exec(line)?.[1]) - monotonicStartUs);
  if (atUs.length === 0) throw new Error(`no probe in ${logs}`);
  return atUs.filter((at) => at > sinceUs && at < untilUs).length;
}
