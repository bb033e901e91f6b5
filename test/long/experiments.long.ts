// Experiments that ship, in turn on one cluster: effect proved, heal proved, and clients
// and capacity as the experiment says.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Finding } from "../../src/model/verdict.ts";
import { ninety } from "../support/ninety.ts";

const INSTANCE = "long-experiments";
const HELD = { proved: "proved", healed: "healed", healProved: "proved" };
const ONCE = { proved: "proved", healed: "nothing-to-heal" };
const EXIT = { pass: 0, fail: 1 } as const;
const MUST = {
  "canary-broken": ["fail", ONCE],
  "container-hang": ["pass", HELD],
  "container-kill": ["pass", ONCE],
  "crash-loop": ["pass", HELD],
  "cpu-stress": ["pass", HELD],
  "memory-stress": ["pass", HELD],
  "pod-kill": ["pass", ONCE],
  "gpu-flapping": ["pass", HELD],
  "gpu-sticky-error": ["pass", HELD],
  "gpu-wrong-answers": ["fail", HELD],
  "gpu-plugin-down": ["pass", HELD],
  "gpu-slow": ["fail", HELD],
} as const;

interface Report {
  readonly outcome: string;
  readonly findings: readonly Finding[];
  readonly steps: readonly object[];
}

beforeAll(async () => {
  await ninety(["cluster", "down", "--instance", INSTANCE]);
  const up = await ninety(["cluster", "up", "--instance", INSTANCE, "--json"]);
  expect(up.code, up.stderr).toBe(0);
});
afterAll(async () => void (await ninety(["cluster", "down", "--instance", INSTANCE])));

describe.each(Object.entries(MUST))("%s", (name, [must, step]) => {
  it(`is proved and healed, and ends with ${must}`, async () => {
    const ended = await ninety(["run", name, "--json", "--instance", INSTANCE]);
    const report = JSON.parse(ended.stdout) as Report;
    const told = ended.stderr.slice(-3_000);
    expect(report.steps, told).toMatchObject([step]);
    expect(
      report.findings.filter(({ outcome }) => outcome === "unknown"),
      told,
    ).toEqual([]);
    expect(report.outcome, told).toBe(must);
    expect(ended.code).toBe(EXIT[must]);
  });
});
