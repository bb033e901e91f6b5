// Every fault on a GPU on a real cluster: each proved, each proved gone, and nothing left.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { EvidenceLevel } from "../../src/model/evidence.ts";
import type { Finding } from "../../src/model/verdict.ts";
import { machineSnapshot } from "../support/machine.ts";
import { notPassed } from "../support/not-passed.ts";
import { ninety } from "../support/ninety.ts";

const INSTANCE = "full-faults-gpu";
const EXPERIMENT = "test/support/faults-gpu.experiment.ts";
const PROVED = { proved: "proved", healed: "healed", healProved: "proved" };

interface Report {
  readonly level: EvidenceLevel;
  readonly findings: readonly Finding[];
  readonly steps: readonly object[];
}

beforeAll(async () => void (await ninety(["cluster", "down", "--instance", INSTANCE])));
afterAll(async () => void (await ninety(["cluster", "down", "--instance", INSTANCE])));

test("every fault: each proved, each healed, nothing left", async () => {
  const before = machineSnapshot();
  const ended = await ninety(["run", EXPERIMENT, "--json", "--instance", INSTANCE]);
  const { level, findings, steps } = JSON.parse(ended.stdout) as Report;
  const faults = [
    "gpu-hang",
    "gpu-slow",
    "gpu-sticky-error",
    "gpu-wrong-answers",
    "gpu-out-of-memory",
    "gpu-out-of-memory",
    "gpu-silent-cpu-fallback",
    "gpu-lost",
    "gpu-ecc",
    "gpu-ecc",
    "gpu-flapping",
  ];
  expect(steps, ended.stderr.slice(-4_000)).toMatchObject(
    faults.map((fault) => ({ fault, ...PROVED })),
  );
  expect(notPassed(findings)).toEqual([]);
  expect([ended.code, level]).toEqual([0, "virtual-gpu"]);
  expect(machineSnapshot()).toEqual(before);
});
