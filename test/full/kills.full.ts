// What test/matrix shows with a machine that is a process, on one that is a node: runner and guard
// are killed while it has no power.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";

import { LEASING } from "../../src/model/agent-protocol.ts";
import { processesWith } from "../support/holder-process.ts";
import { machineSnapshot } from "../support/machine.ts";
import { eventually, ninety, ROOT, start } from "../support/ninety.ts";

const INSTANCE = "full-kills";
const EXPERIMENT = "test/support/kills.experiment.ts";
const FOR_MS = 10_000;

afterEach(async () => void (await ninety(["cluster", "down", "--instance", INSTANCE])));

/** Nodes that are on: the first process of each. */
const nodesOn = (): number =>
  processesWith("unshare", `/${INSTANCE}/machines/n`, "/config/boot.sh").length;

/** Without its supervisor, which names it too. */
const guards = (): readonly number[] =>
  processesWith("agents/guard.ts", `/${INSTANCE}/`).filter(
    (pid) => !readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith("/bin/sh"),
  );

test("a node without power is on again by its deadline, and heal finds nothing to do", async () => {
  const before = machineSnapshot();
  const running = start(["run", EXPERIMENT, "--instance", INSTANCE]);
  await running.said(/phase steady/, 300_000);
  const nodes = nodesOn();
  expect(nodes).toBeGreaterThan(1);
  await eventually("a node is off", () => nodesOn() === nodes - 1, 120_000);

  const pid = running.child.pid ?? 0;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  const [guard, ...more] = guards();
  expect({ guard, more }).toEqual({ guard: expect.any(Number), more: [] });
  for (const child of children.trim().split(/\s+/)) process.kill(Number(child), "SIGKILL");
  process.kill(guard ?? 0, "SIGKILL");
  await running.ended;
  expect(nodesOn()).toBe(nodes - 1);
  const mostMs = FOR_MS + LEASING.slackMs + 5_000;
  expect(await eventually("it is on again", () => nodesOn() === nodes, mostMs)).toBeLessThan(
    mostMs,
  );
  expect(guards()).not.toContain(guard);

  const runs = join(ROOT, "reports/runs/kills");
  const [newest = ""] = readdirSync(runs).sort().reverse();
  for (const time of ["once", "twice"]) {
    const healed = await ninety(["heal", join(runs, newest), "--instance", INSTANCE]);
    expect(healed.code, `${time}: ${healed.stderr}`).toBe(0);
    expect(nodesOn()).toBe(nodes);
  }
  const down = await ninety(["cluster", "down", "--instance", INSTANCE]);
  expect(down.code, down.stderr).toBe(0);
  expect(machineSnapshot()).toEqual(before);
});
