// A run that is stopped at the worst moment leaves no disturbance longer than its lease, and the
// machine can be put back as it was.
import { existsSync, globSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { LEASE_MS } from "../../src/model/agent-protocol.ts";
import { cacheRoot } from "../../src/cli/folders.ts";
import { processesWith } from "../support/holder-process.ts";
import { machineSnapshot } from "../support/machine.ts";
import { eventually, ninety, ROOT, start } from "../support/ninety.ts";

const INSTANCE = "e2e-safety";

afterEach(async () => {
  await ninety(["cluster", "down", "--instance", INSTANCE]);
});

/**
 * State of every virtual device of the instance, read from the nodes' disks: only from the folder
 * of devices, since the rest of a disk changes while containers come and go.
 */
function deviceStates(): readonly { state: string; untilUs: number | null }[] {
  const machines = join(cacheRoot(), "clusters", INSTANCE, "machines");
  return globSync(join(machines, "*/disk/lib/ninety/gpus/GPU-*/state.json")).map(
    (path) => JSON.parse(readFileSync(path, "utf8")) as { state: string; untilUs: number | null },
  );
}

const monotonicUs = (): number => Number(process.hrtime.bigint() / 1_000n);

function newestRun(experiment: string): string {
  const folder = join(ROOT, "reports/runs", experiment);
  const [newest] = readdirSync(folder).sort().reverse();
  if (!newest) throw new Error(`no run in ${folder}`);
  return join(folder, newest);
}

test("kill -9 in the fault: over within its lease; heal and down leave nothing", async () => {
  const before = machineSnapshot();
  const running = start(["run", "gpu-loss", "--instance", INSTANCE]);
  await running.said(/f01 gpu-lost: in effect/, 240_000);
  expect(deviceStates().some(({ state }) => state !== "ok")).toBe(true);

  const pid = running.child.pid ?? 0;
  expect(processesWith("k6", newestRun("gpu-loss"))).toHaveLength(1);
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  for (const child of children.trim().split(/\s+/)) process.kill(Number(child), "SIGKILL");
  await running.ended;
  const run = newestRun("gpu-loss");
  await eventually("its load is over", () => processesWith("k6", run).length === 0, 2_000);

  const inEffect = (): boolean =>
    deviceStates().some(
      ({ state, untilUs }) => state !== "ok" && (untilUs === null || untilUs > monotonicUs()),
    );
  const overMs = await eventually("the effect is over", () => !inEffect(), LEASE_MS + 5_000);
  expect(overMs).toBeLessThan(LEASE_MS + 5_000);

  const healed = await ninety(["heal", run, "--instance", INSTANCE]);
  expect(healed.code, healed.stderr).toBe(0);
  const again = await ninety(["heal", run, "--instance", INSTANCE]);
  expect(again.code, again.stderr).toBe(0);
  expect((await ninety(["check", run])).code).toBe(2);

  const down = await ninety(["cluster", "down", "--instance", INSTANCE]);
  expect(down.code, down.stderr).toBe(0);
  expect(machineSnapshot()).toEqual(before);
  expect(existsSync(join(cacheRoot(), "clusters", INSTANCE))).toBe(false);
});

test("Ctrl-C in the fault heals, tears down and exits 130", async () => {
  const before = machineSnapshot();
  const running = start(["run", "gpu-loss", "--instance", INSTANCE]);
  await running.said(/f01 gpu-lost: in effect/, 240_000);
  running.child.kill("SIGINT");
  const { code, stderr } = await running.ended;
  expect(stderr).toMatch(/f01 gpu-lost: healed/);
  expect(code).toBe(130);
  expect(machineSnapshot()).toEqual(before);
});

test("Ctrl-C while the cluster starts leaves nothing", async () => {
  const before = machineSnapshot();
  const running = start(["run", "gpu-loss", "--instance", INSTANCE]);
  await running.said(/phase deploy/, 120_000);
  running.child.kill("SIGINT");
  const { code } = await running.ended;
  expect(code).toBe(130);
  expect(machineSnapshot()).toEqual(before);
});
