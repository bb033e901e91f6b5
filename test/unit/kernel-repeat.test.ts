// Runs of one experiment judged together, and when no further one is needed.
import { describe, expect, test } from "vitest";
import type { Measurement } from "../../src/model/measurement.ts";
import type { Plan } from "../../src/model/plan.ts";
import { absent, atLeast, atMost, beyond, value, type Measured } from "../../src/model/measured.ts";
import { worst, type Finding } from "../../src/model/verdict.ts";
import {
  REPEAT_MAX,
  joined,
  leastMet,
  repeatRuns,
  type RunToJoin,
} from "../../src/kernel/repeat.ts";
import { shareInterval } from "../../src/measure/binomial.ts";
import { randomFrom } from "../property/measure-record.ts";

const CHECK = { check: "recovery", what: "service recovery, scenario new", about: [] };
const LIMIT_MS = 20_000;
const whole = { requestsComplete: true, requests: 1, runComplete: true, problems: [] };

function run(findings: readonly Finding[], completeness: object = whole): RunToJoin {
  const verdict = {
    schema: 1,
    experiment: "e",
    seed: "s",
    outcome:
      "aborted" in completeness ? ("unknown" as const) : worst(findings.map((f) => f.outcome)),
    findings,
  } as const;
  return { run: "r", verdict, measurement: { completeness } as unknown as Measurement };
}
const recovery = (observed: Measured<"ms">): readonly Finding[] =>
  atMost({ ...CHECK, observed }, LIMIT_MS);
const took = (seconds: number, halfS = 0.4): RunToJoin => {
  const [low, high] = [(seconds - halfS) * 1_000, (seconds + halfS) * 1_000];
  return run(recovery(value("ms", { value: seconds * 1_000, low, high, n: 100 })));
};
const outcomes = (...runs: readonly RunToJoin[]): readonly unknown[] => {
  const told = joined(runs);
  return [told.outcome, ...told.objectives.map(({ outcome }) => outcome)];
};

describe("runs judged together", () => {
  test("one run is what it is", () => {
    expect(outcomes(took(15))).toEqual(["pass", "pass"]);
    expect(outcomes(took(20.1))).toEqual(["unknown", "unknown"]);
    expect(outcomes(took(25))).toEqual(["fail", "fail"]);
  });

  test("a run that is surely outside fails them all, whatever their mean", () => {
    expect(outcomes(took(19.9), took(5), took(5), took(21))).toEqual(["fail", "fail"]);
  });

  test("a run that straddles is decided by the mean of all, with its whole interval", () => {
    expect(outcomes(took(19.9), took(15))).toEqual(["unknown", "unknown"]);
    const told = joined([took(19.8), took(17), took(16.5), took(17.2), took(16.8)]);
    expect(told.outcome).toBe("pass");
    const [{ group, mean, passed, unknown }] = told.objectives as [(typeof told.objectives)[0]];
    expect({ passed, unknown }).toEqual({ passed: 4, unknown: 1 });
    expect(group).toMatchObject({ n: 5, censored: 0, leftOut: 0, median: { is: "beyond" } });
    if (mean.is !== "value") throw new Error(mean.is);
    // 17.46 s, its standard error 0.595 s, Student's 2.776, and 0.4 s of each run's own.
    expect(mean.value).toBeCloseTo(17_460, 3);
    expect(mean.high).toBeCloseTo(17_460 + 400 + 2.776 * 595, -2);
    expect(mean.low).toBeCloseTo(17_460 - 400 - 2.776 * 595, -2);
  });

  test("what no run can tell apart from the limit stays unknown, however often", () => {
    const many = Array.from({ length: REPEAT_MAX }, () => took(20));
    expect(outcomes(...many)).toEqual(["unknown", "unknown"]);
  });

  const good = (share: number, requests = 600): RunToJoin => {
    const { low, high } = shareInterval(Math.round(share * requests), requests);
    const observed = value("ratio", { value: share, low, high, n: requests });
    return run(atLeast({ ...CHECK, observed }, 0.9));
  };

  test("a share is told the finer the more runs there are", () => {
    const shares = [0.92, 0.915, 0.93, 0.91, 0.925, 0.92, 0.93, 0.915];
    expect(outcomes(good(0.92))).toEqual(["unknown", "unknown"]);
    expect(outcomes(good(0.92), good(0.915))).toEqual(["unknown", "unknown"]);
    const told = joined(shares.map((share) => good(share)));
    expect(told.outcome).toBe("pass");
    const [{ mean }] = told.objectives as [(typeof told.objectives)[0]];
    if (mean.is !== "value") throw new Error(mean.is);
    expect(mean.value).toBeCloseTo(0.920625, 6);
    // 7.3 thousandths are the runs' deviation; 4,800 requests together leave as much.
    expect(mean.low).toBeGreaterThan(0.905);
    expect(mean.low).toBeLessThan(0.912);
    expect(outcomes(...[0.881, 0.879, 0.885, 0.88, 0.884, 0.882].map((one) => good(one)))).toEqual([
      "fail",
      "fail",
    ]);
    expect(outcomes(good(0.905), good(0.8))).toEqual(["fail", "fail"]);
  });

  test("a share that happens to be the same in all runs is as exact as their requests", () => {
    const few = (): RunToJoin => good(1, 20);
    expect(outcomes(few(), few())).toEqual(["unknown", "unknown"]);
    expect(outcomes(few(), few(), few(), few())).toEqual(["pass", "pass"]);
  });

  test("a share at its limit passes hardly ever, at all looks together", () => {
    const random = randomFrom(11);
    const bad = (): number => {
      let count = 0;
      for (let i = 0; i < 200; i += 1) if (random() < 0.1) count += 1;
      return count;
    };
    let passed = 0;
    let loops = 0;
    while (loops < 300) {
      const runs = [good(1 - bad() / 200, 200)];
      if (joined(runs).outcome !== "unknown") continue;
      loops += 1;
      while (runs.length < REPEAT_MAX && joined(runs).outcome === "unknown") {
        runs.push(good(1 - bad() / 200, 200));
      }
      if (joined(runs).outcome === "pass") passed += 1;
    }
    expect(passed / loops).toBeLessThan(0.05);
  });

  test("what did not come back in time passes no mean", () => {
    const late = run(recovery(beyond("ms", 15_000, 100)));
    expect(outcomes(late, took(5), took(5), took(5))).toEqual(["unknown", "unknown"]);
    expect(outcomes(late, took(5), run(recovery(beyond("ms", 30_000, 100))))[0]).toBe("fail");
  });

  test("a run that says nothing is left out, told, and helps nobody", () => {
    const unproved = run([
      ...recovery(absent("ms", "the effect of f01 was not proved")),
      ...recovery(value("ms", { value: 1, n: 1 })),
    ]);
    const dirty: Finding = {
      ...recovery(value("ms", { value: 20_000, low: 1, high: 30_000, n: 1 }))[0]!,
      check: "steady-clean",
    };
    const told = joined([unproved, run([dirty]), took(5)]);
    expect(told.outcome).toBe("pass");
    expect(told.runs.map(({ leftOut }) => leftOut)).toEqual([
      "service recovery, scenario new: the effect of f01 was not proved",
      "INVALID: service recovery, scenario new",
      "",
    ]);
    expect(joined([unproved]).outcome).toBe("unknown");
    expect(joined([unproved]).why).toEqual(["no run said anything"]);
  });

  test("a run that was ended before its time neither passes nor fails", () => {
    const aborted = run(took(25).verdict.findings, { ...whole, aborted: "too much" });
    expect(joined([aborted, took(5)]).outcome).toBe("pass");
    expect(joined([aborted]).runs[0]!.leftOut).toBe("ended before its time: too much");
    const broken = run(took(5).verdict.findings, { ...whole, runComplete: false });
    expect(joined([broken]).outcome).toBe("unknown");
  });

  test("a service whose mean is at the limit passes hardly ever, at all looks together", () => {
    const random = randomFrom(7);
    const normal = (): number =>
      Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    for (const spread of [0.02, 0.15, 0.3]) {
      let passed = 0;
      const loops = 400;
      for (let i = 0; i < loops; i += 1) {
        const runs: RunToJoin[] = [];
        // The first one straddles: else nothing is repeated.
        runs.push(took(20 + (random() - 0.5) * 0.7));
        while (runs.length < REPEAT_MAX && joined(runs).outcome === "unknown") {
          runs.push(took(Math.max(0.5, 20 * (1 + spread * normal()))));
        }
        if (joined(runs).outcome === "pass") passed += 1;
      }
      expect(passed / loops, `spread ${spread}`).toBeLessThan(0.05);
    }
  });
});

describe("how often", () => {
  const ends = (...runs: readonly RunToJoin[]) => {
    const told: string[] = [];
    const once = (nth: number) => Promise.resolve({ stop: false, run: runs[nth - 1] ?? null });
    return repeatRuns({ most: 5, once, again: (text) => void told.push(text) }).then((all) => ({
      count: all.length,
      told,
    }));
  };

  test("until it is decided, and not once more", async () => {
    expect(await ends(took(5), took(5))).toMatchObject({ count: 1, told: [] });
    expect(await ends(took(25), took(5))).toMatchObject({ count: 1 });
    const { count, told } = await ends(took(20), took(20), took(25), took(5));
    expect(count).toBe(3);
    expect(told).toHaveLength(2);
    expect(told[0]).toContain("unknown after 1 of at most 5 runs");
    expect(told[0]).toContain("service recovery, scenario new");
  });

  test("at most so often, and no more after what ended without a verdict", async () => {
    expect(await ends(...Array.from({ length: 9 }, () => took(20)))).toMatchObject({ count: 5 });
    expect(await ends(took(20))).toMatchObject({ count: 1 });
    const stopped = await repeatRuns({
      most: 5,
      once: () => Promise.resolve({ stop: true, run: took(20) }),
      again: () => {},
    });
    expect(stopped).toHaveLength(1);
  });
});

describe("other victims", () => {
  const plan = (seed: string, ...slots: readonly number[]): Plan =>
    ({ seed, steps: [{ id: "f01", slots }] }) as unknown as Plan;

  test("of plans for the next run the one whose victims were met least, the first of equals", () => {
    const candidates = [plan("a", 0), plan("b", 1), plan("c", 2), plan("d", 2)];
    expect(leastMet(candidates, [plan("s", 0)]).seed).toBe("b");
    expect(leastMet(candidates, [plan("s", 0), plan("b", 1)]).seed).toBe("c");
    expect(leastMet(candidates, [plan("s", 0), plan("b", 1), plan("c", 2)]).seed).toBe("a");
    expect(leastMet([plan("a"), plan("b")], [plan("s")]).seed).toBe("a");
  });
});
