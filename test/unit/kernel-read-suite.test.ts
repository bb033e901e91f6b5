import { describe, expect, test } from "vitest";
import * as fc from "fast-check";
import { experimentsNamed, readSuite, type SuiteScene } from "../../src/kernel/read-suite.ts";
import { InvalidExperiment } from "../../src/model/error.ts";
import { suite } from "../../src/ports/author.ts";

const scene: SuiteScene = {
  look: (experiment) =>
    experiment.startsWith("no-")
      ? { problems: ["no such experiment"] }
      : { scenarios: ["new", "reused"] },
  taken: false,
};

const problemsOf = (loaded: unknown, of = scene, name = "two"): readonly string[] => {
  try {
    readSuite(name, loaded, of);
  } catch (error) {
    if (error instanceof InvalidExperiment) return error.problems;
    throw error;
  }
  return [];
};

const WHOLE = suite({
  about: "From slow to fast.",
  claim: { source: "a talk", text: "15 minutes became 90 seconds", before: "15m", after: "90s" },
  runs: {
    slow: { must: "fail", service: "RECOVERED", capacity: "RECOVERED", long: true, about: "slow" },
    fast: { must: "pass", service: { new: ["MASKED", "RECOVERED"] } },
  },
  contrasts: [{ title: "t", before: "slow", after: "fast", lane: "capacity", why: "probes" }],
});

test("a suite is read with units, defaults, and a class for each scenario", () => {
  expect(readSuite("two", WHOLE, scene)).toEqual({
    name: "two",
    about: "From slow to fast.",
    claim: {
      source: "a talk",
      text: "15 minutes became 90 seconds",
      beforeMs: 900_000,
      afterMs: 90_000,
    },
    runs: [
      {
        experiment: "slow",
        about: "slow",
        long: true,
        stated: {
          must: "fail",
          service: { new: ["RECOVERED"], reused: ["RECOVERED"] },
          capacity: ["RECOVERED"],
        },
      },
      {
        experiment: "fast",
        about: "",
        long: false,
        stated: { must: "pass", service: { new: ["MASKED", "RECOVERED"] }, capacity: null },
      },
    ],
    contrasts: [{ title: "t", before: "slow", after: "fast", lane: "capacity", why: "probes" }],
  });
  expect(experimentsNamed(WHOLE)).toEqual(["slow", "fast"]);
});

test("the least is a sentence and a run", () => {
  const least = suite({ about: "One.", runs: { one: { must: "unknown" } } });
  expect(readSuite("two", least, scene)).toMatchObject({ claim: null, contrasts: [] });
});

describe("problems", () => {
  test("are told all at once", () => {
    const wrong = {
      kind: "suite",
      options: {
        about: " ",
        claim: { source: "x", text: "y", before: "15 minutes" },
        runs: {
          "no-such": { must: "explode", capacity: "GONE" },
          fast: { service: { other: "RECOVERED" }, capacity: [], quick: true },
        },
        contrasts: [
          { title: "t", before: "fast", after: "absent", lane: "capacity", why: "w" },
          { title: "t", before: "fast", after: "fast", lane: "both", why: "w" },
        ],
        extra: 1,
      },
    };
    const problems = problemsOf(wrong).join("\n");
    for (const part of [
      "extra is not a field; known: about, claim, runs, contrasts",
      "about must be text that is not empty",
      'claim.before must be a duration such as "20s", got "15 minutes"',
      "claim.after is missing",
      "runs.no-such: no such experiment",
      'runs.no-such.must must be pass | fail | unknown, got "explode"',
      "runs.no-such.capacity must be MASKED | RECOVERED | UNRECOVERED | METASTABLE | INVALID, or",
      "runs.fast.quick is not a field",
      "runs.fast.must is missing",
      "runs.fast.service.other is not a scenario of the experiment; known: new, reused",
      "runs.fast.capacity must be",
      'contrasts[0].after must be a run of the suite, got "absent"',
      'contrasts[1].lane must be service | capacity, got "both"',
    ]) {
      expect(problems).toContain(part);
    }
  });

  test("each shape of its own", () => {
    const of = (over: object): readonly string[] =>
      problemsOf({
        kind: "suite",
        options: { about: "a", runs: { fast: { must: "pass" } }, ...over },
      });
    expect(of({})).toEqual([]);
    expect(of({ runs: {} })).toEqual(["runs must be an object of 1 to 50 runs, got 0 runs"]);
    expect(of({ runs: ["fast"] })).toHaveLength(1);
    expect(of({ runs: { fast: "pass" } })).toHaveLength(1);
    expect(of({ runs: { fast: { must: "pass", service: {} } } })).toEqual([
      "runs.fast.service must name at least one scenario, got {}",
    ]);
    expect(of({ contrasts: {} })).toHaveLength(1);
    const twice = { title: "t", before: "fast", after: "fast", lane: "capacity", why: "w" };
    expect(of({ contrasts: [twice] })).toEqual([
      'contrasts[0].after must be another run than before, got "fast"',
    ]);
    const many = Object.fromEntries(
      Array.from({ length: 51 }, (_, at) => [`r${at}`, { must: "pass" }]),
    );
    expect(of({ runs: many })).toEqual(["runs must be an object of 1 to 50 runs, got 51 runs"]);
  });

  test("a name that is an experiment's, or no file's", () => {
    expect(problemsOf(WHOLE, { ...scene, taken: true })).toHaveLength(1);
    expect(problemsOf(WHOLE, scene, "Two Suites")).toHaveLength(1);
    expect(problemsOf({ kind: "experiment", options: {} })[0]).toContain("must export suite(");
  });

  test("any shape at all is read or told, never thrown on", () => {
    fc.assert(
      fc.property(fc.anything(), (options) => {
        const loaded = { kind: "suite", options };
        expect(experimentsNamed(loaded).length).toBeLessThanOrEqual(50);
        expect(problemsOf(loaded).length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });
});
