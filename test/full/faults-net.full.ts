// Faults on a pod's packets, on a real cluster: each proved by the time that answers take, each
// proved gone, the kubelet's probes left alone, and nothing left.
import { afterAll, beforeAll, expect, test } from "vitest";
import { machineSnapshot } from "../support/machine.ts";
import { ninety } from "../support/ninety.ts";

const INSTANCE = "full-faults-net";
const EXPERIMENT = "test/support/faults-net.experiment.ts";

interface Report {
  readonly findings: readonly { readonly check: string; readonly outcome: string }[];
  readonly steps: readonly object[];
}

beforeAll(async () => void (await ninety(["cluster", "down", "--instance", INSTANCE])));
afterAll(async () => void (await ninety(["cluster", "down", "--instance", INSTANCE])));

test("late, lost and cut: each proved, each healed, nothing left", async () => {
  const before = machineSnapshot();
  const ended = await ninety(["run", EXPERIMENT, "--json", "--instance", INSTANCE]);
  const { findings, steps } = JSON.parse(ended.stdout) as Report;
  const wanted = { proved: "proved", healed: "healed", healProved: "proved" };
  expect(steps, ended.stderr.slice(-4_000)).toMatchObject([
    { fault: "net-delay", ...wanted },
    { fault: "net-loss", ...wanted },
    { fault: "net-partition", ...wanted },
  ]);
  expect(findings.filter(({ outcome }) => outcome !== "pass")).toEqual([]);
  expect(ended.code).toBe(0);
  expect(machineSnapshot()).toEqual(before);
});
