// Each kind of effect in a container, on a real cluster: proved by eyes of its own, proved gone
// after its heal, and nothing left.
import { afterAll, beforeAll, expect, test } from "vitest";
import { machineSnapshot } from "../support/machine.ts";
import { ninety } from "../support/ninety.ts";

const INSTANCE = "e2e-faults-pod";
const EXPERIMENT = "test/support/faults-pod.experiment.ts";

interface Report {
  readonly findings: readonly { readonly check: string; readonly outcome: string }[];
  readonly steps: readonly {
    readonly fault: string;
    readonly targets: readonly string[];
    readonly proved: string;
    readonly healed: string;
    readonly healProved: string;
  }[];
}

beforeAll(async () => void (await ninety(["cluster", "down", "--instance", INSTANCE])));
afterAll(async () => void (await ninety(["cluster", "down", "--instance", INSTANCE])));

test("five kinds at once: each proved, each healed, nothing left", async () => {
  const before = machineSnapshot();
  const ended = await ninety(["run", EXPERIMENT, "--json", "--instance", INSTANCE]);
  const { findings, steps } = JSON.parse(ended.stdout) as Report;
  const wanted = { proved: "proved", healed: "healed", healProved: "proved" };
  expect(steps, ended.stderr.slice(-4_000)).toMatchObject([
    { fault: "container-hang", ...wanted },
    { fault: "gpu-wrong-answers", ...wanted },
    { fault: "gpu-plugin-down", ...wanted },
    { fault: "cpu-stress", ...wanted },
    { fault: "memory-stress", ...wanted },
  ]);
  expect(steps[1]?.targets).toHaveLength(2);
  const outcomes = findings.filter(({ check }) =>
    ["cluster-clean", "fault-took-effect"].includes(check),
  );
  expect(outcomes.length).toBeGreaterThan(1);
  expect(outcomes.filter(({ outcome }) => outcome !== "pass")).toEqual([]);
  expect(machineSnapshot()).toEqual(before);
});
