// What a container may run out of, on a real cluster: each proved, each proved gone, nothing left;
// and a disk that others have too is refused before anything is written.
import { afterAll, beforeAll, expect, test } from "vitest";
import { machineSnapshot } from "../support/machine.ts";
import { notPassed } from "../support/not-passed.ts";
import { ninety } from "../support/ninety.ts";

const INSTANCE = "full-faults-resource";
const EXPERIMENT = "test/support/faults-resource.experiment.ts";
const SHARED = "test/support/disk-fill-shared.experiment.ts";

interface Report {
  readonly findings: readonly { readonly check: string; readonly outcome: string }[];
  readonly steps: readonly object[];
}

beforeAll(async () => void (await ninety(["cluster", "down", "--instance", INSTANCE])));
afterAll(async () => void (await ninety(["cluster", "down", "--instance", INSTANCE])));

test("processes, open files, disk speed and disk space: each proved, each healed, nothing left", async () => {
  const before = machineSnapshot();
  const ended = await ninety(["run", EXPERIMENT, "--json", "--instance", INSTANCE]);
  const { findings, steps } = JSON.parse(ended.stdout) as Report;
  const wanted = { proved: "proved", healed: "healed", healProved: "proved" };
  expect(steps, ended.stderr.slice(-4_000)).toMatchObject([
    { fault: "processes-exhausted", ...wanted },
    { fault: "descriptors-exhausted", ...wanted },
    { fault: "disk-slow", ...wanted },
    { fault: "disk-fill", ...wanted },
    { fault: "disk-fill", ...wanted },
  ]);
  expect(notPassed(findings)).toEqual([]);
  expect(ended.code).toBe(0);
  expect(machineSnapshot()).toEqual(before);
});

test("the node's own disk is not filled", async () => {
  const ended = await ninety(["run", SHARED, "--instance", INSTANCE]);
  expect(ended.stderr + ended.stdout).toContain("must be on a file system that only this pod has");
  expect(ended.code).not.toBe(0);
});
