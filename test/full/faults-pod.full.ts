// Every fault on pods that has an experiment of its own: its effect proved, its heal
// proved, and clients and capacity as the experiment says.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Finding } from "../../src/model/verdict.ts";
import { ninety } from "../support/ninety.ts";

const INSTANCE = "full-faults-pod";
const MUST = {
  "container-hang": "pass",
  "crash-loop": "pass",
  "cpu-stress": "pass",
  "memory-stress": "pass",
} as const;

interface Report {
  readonly outcome: string;
  readonly findings: readonly Finding[];
  readonly steps: readonly {
    readonly proved: string;
    readonly healed: string;
    readonly healProved: string;
  }[];
}

beforeAll(async () => {
  await ninety(["cluster", "down", "--instance", INSTANCE]);
  const up = await ninety(["cluster", "up", "--instance", INSTANCE, "--json"]);
  expect(up.code, up.stderr).toBe(0);
});
afterAll(async () => void (await ninety(["cluster", "down", "--instance", INSTANCE])));

describe.each(Object.entries(MUST))("%s", (name, must) => {
  it(`is proved and healed, and ends with ${must}`, async () => {
    const ended = await ninety(["run", name, "--json", "--instance", INSTANCE]);
    const report = JSON.parse(ended.stdout) as Report;
    const told = ended.stderr.slice(-3_000);
    expect(report.steps, told).toMatchObject([
      { proved: "proved", healed: "healed", healProved: "proved" },
    ]);
    const unknown = report.findings.filter(({ outcome }) => outcome === "unknown");
    expect(unknown, told).toEqual([]);
    expect(report.outcome, told).toBe(must);
  });
});
