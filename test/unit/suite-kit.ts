// Suites and their runs, made by hand.
import { value } from "../../src/model/measured.ts";
import type { Class } from "../../src/model/measurement.ts";
import type {
  Contrast,
  EpisodeResult,
  LaneResult,
  RunResult,
  SuiteRecord,
  SuiteRun,
} from "../../src/model/suite.ts";

export function lane(is: Class, ms: number): LaneResult {
  const high = is === "MASKED" ? 300 : ms * 1.1;
  const recovery = value("ms", { value: ms, low: ms * 0.95, high, n: 1_200 });
  return { class: is, recovery, note: "" };
}

export function result(
  over: Partial<Omit<RunResult, "episodes">> & Partial<EpisodeResult> = {},
): RunResult {
  const { service, capacity, outcome = "pass", notPassed = [], restarts = [] } = over;
  return {
    outcome,
    level: over.level ?? "virtual-gpu",
    episodes: [
      {
        steps: ["f01"],
        service: service ?? { new: lane("RECOVERED", 2_000), reused: lane("MASKED", 0) },
        capacity: capacity ?? lane("RECOVERED", 3_000),
        lost: value("count", { value: 5, low: 3, high: 6, n: 1_200 }),
      },
    ],
    restarts,
    notPassed,
  };
}

export function suiteRun(experiment: string, got: RunResult | null): SuiteRun {
  return {
    experiment,
    about: "",
    long: false,
    stated: { must: "pass", service: {}, capacity: null },
    folder: `../../${experiment}/20260101T000000Z-s`,
    exit: got === null ? null : { pass: 0, fail: 1, unknown: 2 }[got.outcome],
    wallMs: 90_000,
    invalidTries: [],
    result: got,
    noResult: "",
    asStated: "unknown",
    why: [],
  };
}

export const contrast = (before: string, after: string): Contrast => ({
  title: "Before and after",
  before,
  after,
  lane: "capacity",
  why: "the probes",
});

export function suiteOf(
  runs: readonly SuiteRun[],
  contrasts: readonly Contrast[] = [],
): SuiteRecord {
  return {
    schema: 1,
    suite: "made",
    about: "Made by hand.",
    claim: null,
    seed: "s",
    quick: false,
    parallel: 1,
    ninety: "0.1.0",
    startedAt: "2026-01-01T00:00:00.000Z",
    wallMs: 180_000,
    asStated: "unknown",
    runs,
    contrasts: contrasts.map((one) => ({ ...one, level: null, pairs: [], notCompared: "" })),
    leftOut: [],
  };
}
