// Recovery must not depend on which replica is hit: each one is the victim in turn.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Episode } from "../../src/model/measurement.ts";
import type { Plan } from "../../src/model/plan.ts";
import type { Finding } from "../../src/model/verdict.ts";
import { notPassed } from "../support/not-passed.ts";
import { ninety } from "../support/ninety.ts";

const INSTANCE = "full-victims";
const REPLICAS = 3;
const SEEDS_MAX = 200;

interface Report {
  readonly outcome: string;
  readonly findings: readonly Finding[];
  readonly episodes: readonly Episode[];
  readonly steps: readonly { readonly targets: readonly string[] }[];
}

/** For each rank a seed that draws it, as `plan` tells. */
async function seedsOf(experiment: string): Promise<readonly string[]> {
  const found = new Map<number, string>();
  for (let nth = 0; found.size < REPLICAS && nth < SEEDS_MAX; nth += 1) {
    const seed = `victim-${nth}`;
    const told = await ninety(["plan", experiment, "--seed", seed, "--json"]);
    expect(told.code, told.stderr).toBe(0);
    const plan = JSON.parse(told.stdout) as Plan;
    const rank = (plan.steps[0]?.slots[0] ?? 0) % REPLICAS;
    if (!found.has(rank)) found.set(rank, seed);
  }
  expect(found.size).toBe(REPLICAS);
  return [...found.values()];
}

beforeAll(async () => void (await ninety(["cluster", "down", "--instance", INSTANCE])));
afterAll(async () => void (await ninety(["cluster", "down", "--instance", INSTANCE])));

describe.each(["gpu-loss", "node-loss"])("%s", (experiment) => {
  it("recovers whichever replica is the victim", async () => {
    const victims = new Set<string>();
    for (const seed of await seedsOf(experiment)) {
      const run = ["run", experiment, "--seed", seed, "--json", "--instance", INSTANCE];
      const ended = await ninety(run);
      const report = JSON.parse(ended.stdout) as Report;
      const left = notPassed(report.findings);
      expect(left, `seed ${seed}: ${ended.stderr.slice(-2_000)}`).toEqual([]);
      expect(ended.code).toBe(0);
      expect(report.episodes[0]?.capacity.class).toBe("RECOVERED");
      for (const target of report.steps[0]?.targets ?? []) victims.add(/\bn\d\b/.exec(target)![0]);
    }
    expect([...victims].sort()).toEqual(["n1", "n2", "n3"]);
  });
});
