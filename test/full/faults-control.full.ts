// Faults on programs of nodes, on nodes and on the control plane, on a real cluster: each proved,
// each proved gone, and nothing left.
import { afterAll, beforeAll, expect, test } from "vitest";
import { machineSnapshot } from "../support/machine.ts";
import { notPassed } from "../support/not-passed.ts";
import { ninety } from "../support/ninety.ts";

const INSTANCE = "full-faults-control";
const held = { proved: "proved", healed: "healed", healProved: "proved" };

interface Report {
  readonly findings: readonly { readonly check: string; readonly outcome: string }[];
  readonly steps: readonly object[];
}

beforeAll(async () => void (await ninety(["cluster", "down", "--instance", INSTANCE])));
afterAll(async () => void (await ninety(["cluster", "down", "--instance", INSTANCE])));

test.each([
  [
    "faults-control",
    [
      { fault: "kubelet-stop", ...held },
      { fault: "container-runtime-stop", ...held },
      { fault: "node-reboot", proved: "proved" },
    ],
  ],
  [
    "faults-plane",
    [
      { fault: "etcd-kill", proved: "proved" },
      { fault: "scheduler-down", ...held },
      { fault: "controller-manager-down", ...held },
      { fault: "etcd-pause", ...held },
      { fault: "api-server-pause", ...held },
    ],
  ],
])("%s: each proved, each healed, nothing left", async (name, wanted) => {
  const before = machineSnapshot();
  const file = `test/support/${name}.experiment.ts`;
  const ended = await ninety(["run", file, "--json", "--instance", INSTANCE]);
  const { findings, steps } = JSON.parse(ended.stdout) as Report;
  expect(steps, ended.stderr.slice(-4_000)).toMatchObject(wanted);
  expect(notPassed(findings)).toEqual([]);
  expect(ended.code).toBe(0);
  expect(machineSnapshot()).toEqual(before);
});
