import type { Measurement } from "../model/measurement.ts";
import { showFolder, showLimit, showMeasured } from "../model/show.ts";
import type { SuiteRecord, SuiteRun } from "../model/suite.ts";
import type { Groups } from "../model/comparison.ts";
import { decides, type Finding, type Outcome } from "../model/verdict.ts";
import type { ManyRuns, Reporter } from "../ports/reporter.ts";
import { comparisonTold, gateTold } from "./compare/words.ts";
import { xml, type Element } from "./junit/xml.ts";

/**
 * What CI systems show: fail is a failure; unknown is an error, as it must be as red. Shaped as the
 * schema of Jenkins (junit-10.xsd) wants it; as GitLab shows only the text of a failure, and never
 * its attributes, the text says everything.
 */
export const junit: Reporter = {
  name: "junit",
  about: "Findings as JUnit XML, for CI.",
  file: "junit.xml",
  render: ({ record, measurement, verdict, folder }) => {
    const cases = verdict.findings.map((finding) => caseOf(finding, verdict.experiment));
    return suites({
      name: verdict.experiment,
      timeMs: timeMsOf(measurement),
      startedAt: record.environment?.startedAt ?? null,
      hostname: record.environment?.cluster.instance ?? null,
      properties: {
        outcome: verdict.outcome,
        seed: verdict.seed,
        level: measurement.level,
        folder: showFolder(folder),
        hypothesis: record.plan.hypothesis,
        ...planOf(record.environment?.planSha256),
      },
      cases,
    });
  },
  suite: ({ suite, folder }) =>
    suites({
      name: suite.suite,
      timeMs: suite.wallMs,
      startedAt: suite.startedAt,
      hostname: null,
      properties: {
        asStated: suite.asStated,
        seed: suite.seed,
        level: levelsOf(suite),
        folder: showFolder(folder),
        about: suite.about,
      },
      cases: [
        ...suite.runs.map((run) => runCase(run, suite.suite)),
        ...suite.leftOut.map(({ experiment, why }) => ({
          ...named(experiment, `ninety.${suite.suite}`),
          inside: [{ name: "skipped", attributes: { message: why } }],
        })),
      ],
    }),
  many: manyJunit,
};

/** A gate's candidates with their objectives, and each metric; what cannot be seen is an error. */
function manyJunit(many: ManyRuns, groups: Groups): string {
  const told = many.kind === "gate" ? gateTold(many.gate) : comparisonTold(many.comparison);
  const classname = `ninety.${told.experiment}.${many.kind}`;
  const judged = (
    name: string,
    of: { readonly outcome: Outcome; readonly message: string; readonly lines: readonly string[] },
  ): Element => {
    const { outcome, message, lines } = of;
    const test = named(name, classname);
    if (outcome === "pass") return test;
    return red(test, { outcome, message, text: [message, ...lines].join("\n"), type: many.kind });
  };
  const metrics = told.metrics
    .filter(({ sameAs }) => sameAs === undefined)
    .map(({ metric, reading, outcome, shiftText, more }) => {
      const lines = more.map(([what, text]) => `${what}: ${text}`);
      return judged(metric, { outcome, message: `${reading}: shift ${shiftText}`, lines });
    });
  const objectives = (many.kind === "gate" ? many.gate.candidates : []).map(({ run, outcome }) =>
    judged(`objectives of ${run}`, { outcome, message: `the run is ${outcome}`, lines: [] }),
  );
  const starts = [...groups.a, ...groups.b].flatMap(({ facts }) => facts.startedAt ?? []);
  return suites({
    name: `${told.experiment}, ${many.kind}`,
    timeMs: 0,
    startedAt: starts.sort().at(-1) ?? null,
    hostname: null,
    properties: { outcome: told.outcome, level: told.level, about: told.about },
    cases: [
      judged("verdict", {
        outcome: told.outcome,
        message: told.why[0] ?? told.outcome,
        lines: told.why.slice(1),
      }),
      ...objectives,
      ...metrics,
    ],
  });
}

const planOf = (planSha256: string | undefined): Readonly<Record<string, string>> =>
  planSha256 === undefined ? {} : { planSha256 };

interface TestSuite {
  readonly name: string;
  readonly timeMs: number;
  /** ISO 8601, UTC; null: nobody knows. */
  readonly startedAt: string | null;
  readonly hostname: string | null;
  readonly properties: Readonly<Record<string, string>>;
  readonly cases: readonly Element[];
}

function suites(of: TestSuite): string {
  const cases = unique(of.cases);
  const counted = {
    tests: cases.length,
    failures: count(cases, "failure"),
    errors: count(cases, "error"),
  };
  const time = seconds(of.timeMs);
  const properties = Object.entries(of.properties).map(([name, value]) => ({
    name: "property",
    attributes: { name, value },
  }));
  const suite: Element = {
    name: "testsuite",
    attributes: {
      name: of.name,
      ...counted,
      skipped: count(cases, "skipped"),
      time,
      // Of the dates that JUnit writes none has a zone; this one is UTC.
      ...(of.startedAt === null ? {} : { timestamp: of.startedAt.slice(0, 19) }),
      ...(of.hostname === null ? {} : { hostname: of.hostname }),
    },
    inside: [{ name: "properties", attributes: {}, inside: properties }, ...cases],
  };
  return xml({
    name: "testsuites",
    attributes: { name: "ninety", ...counted, time },
    inside: [suite],
  });
}

const seconds = (timeMs: number): string => (Math.max(0, timeMs) / 1_000).toFixed(3);

const named = (name: string, classname: string, timeMs = 0): Element => ({
  name: "testcase",
  attributes: { name, classname, time: seconds(timeMs) },
});

function count(cases: readonly Element[], name: string): number {
  const has = ({ inside = [] }: Element): boolean =>
    typeof inside !== "string" && inside.some((child) => child.name === name);
  return cases.filter(has).length;
}

/** CI systems tell tests by class and name, and show the last of two that share both. */
function unique(cases: readonly Element[]): readonly Element[] {
  const seen = new Map<string, number>();
  return cases.map((one) => {
    const { name, classname } = one.attributes;
    const key = `${classname} ${name}`;
    const nth = (seen.get(key) ?? 0) + 1;
    seen.set(key, nth);
    return nth === 1
      ? one
      : { ...one, attributes: { ...one.attributes, name: `${name}, number ${nth}` } };
  });
}

function timeMsOf({ phases }: Measurement): number {
  const from = Math.min(...phases.map(({ fromUs }) => fromUs));
  const until = Math.max(...phases.map(({ untilUs }) => untilUs));
  return phases.length === 0 ? 0 : (until - from) / 1_000;
}

function caseOf(finding: Finding, experiment: string): Element {
  const { check, what, about, outcome, observed, hint } = finding;
  const after = about.length === 0 ? "" : ` after ${about.join(", ")}`;
  const test = named(what + after, `ninety.${experiment}.${check}`);
  if (outcome === "pass") return test;
  const message = `${outcome}: ${showMeasured(observed)}, must be ${showLimit(finding)}`;
  const text = [`${what}${after}`, message, ...(hint ? [hint] : [])].join("\n");
  // Wanted, or only worth knowing: so green; and told all the same.
  if (!decides(outcome)) {
    return { ...test, inside: [{ name: "system-out", attributes: {}, inside: text }] };
  }
  return red(test, { outcome, message, text, type: check });
}

/** Fail is a failure, unknown an error. */
function red(
  test: Element,
  of: {
    readonly outcome: "fail" | "unknown";
    readonly message: string;
    readonly text: string;
    readonly type: string;
  },
): Element {
  const { message, text, type } = of;
  const name = of.outcome === "fail" ? "failure" : "error";
  return { ...test, inside: [{ name, attributes: { message, type }, inside: text }] };
}

function levelsOf({ runs }: SuiteRecord): string {
  const levels = new Set(runs.flatMap(({ result }) => (result ? [result.level] : [])));
  return [...levels].sort().join(", ") || "none";
}

function runCase(run: SuiteRun, suite: string): Element {
  const { experiment, asStated, why, folder, wallMs } = run;
  const test = named(experiment, `ninety.${suite}`, wallMs ?? 0);
  if (asStated === "yes") return test;
  const record = folder === null ? [] : [`record: ${folder}`];
  return red(test, {
    outcome: asStated === "no" ? "fail" : "unknown",
    message: why[0] ?? "",
    text: [...why, ...record].join("\n"),
    type: asStated === "no" ? "not-as-stated" : "unknown",
  });
}
