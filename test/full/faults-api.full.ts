// Faults that are changes of API objects, on a real cluster: each proved by what kubelets and
// controllers make of it, each proved gone, and nothing left.
import { afterAll, beforeAll, expect, test } from "vitest";
import { machineSnapshot } from "../support/machine.ts";
import { notPassed } from "../support/not-passed.ts";
import { ninety } from "../support/ninety.ts";

const INSTANCE = "full-faults-api";
const EXPERIMENT = "test/support/faults-api.experiment.ts";

interface Report {
  readonly findings: readonly { readonly check: string; readonly outcome: string }[];
  readonly steps: readonly object[];
}

beforeAll(async () => void (await ninety(["cluster", "down", "--instance", INSTANCE])));
afterAll(async () => void (await ninety(["cluster", "down", "--instance", INSTANCE])));

test("five in turn: each proved, each healed, nothing left", async () => {
  const before = machineSnapshot();
  const ended = await ninety(["run", EXPERIMENT, "--json", "--instance", INSTANCE]);
  const { findings, steps } = JSON.parse(ended.stdout) as Report;
  const wanted = { proved: "proved", healed: "healed", healProved: "proved" };
  expect(steps, ended.stderr.slice(-4_000)).toMatchObject([
    { fault: "image-unavailable", ...wanted },
    { fault: "pod-evict", proved: "proved" },
    { fault: "node-drain", ...wanted },
    { fault: "node-taint", ...wanted },
    { fault: "coredns-down", ...wanted },
  ]);
  expect(notPassed(findings)).toEqual([]);
  expect(ended.code).toBe(0);
  expect(machineSnapshot()).toEqual(before);
});
