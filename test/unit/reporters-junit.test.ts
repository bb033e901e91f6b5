// The shape that Jenkins (junit-10.xsd of its xUnit plug-in) and GitLab accept.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { byName, loadPlugins } from "../../src/cli/plugins.ts";
import { judge } from "../../src/kernel/judge.ts";
import { measure } from "../../src/measure/measure.ts";
import { absent, atMost, value } from "../../src/model/measured.ts";
import type { Environment } from "../../src/model/record.ts";
import type { SuiteRecord } from "../../src/model/suite.ts";
import { decides, type Verdict } from "../../src/model/verdict.ts";
import { makeRecord } from "../property/measure-record.ts";
import { richRecord } from "../property/measure-rich-made.ts";
import { GROUPS, MANY } from "../support/many-runs.ts";
import { parseXml, type Node } from "../support/xml.ts";

const { checks, reporters } = await loadPlugins();
const junit = byName("reporter", reporters)("junit");
const golden = join(import.meta.dirname, "../golden");
const environment = JSON.parse(
  readFileSync(join(golden, "records/small/environment.json"), "utf8"),
) as Environment;
const record = { ...makeRecord(), environment };
const measurement = measure(record);
const of = { check: "recovery", what: "service recovery", about: ["f01"], hint: "look" } as const;
const took = value("ms", { value: 9_000, low: 8_000, high: 9_500, n: 3 });
const verdict: Verdict = {
  schema: 1,
  experiment: "made",
  seed: "s",
  outcome: "fail",
  findings: [
    ...atMost({ ...of, observed: took }, 20_000),
    ...atMost({ ...of, observed: took }, 1_000),
    ...atMost({ ...of, observed: absent("ms", "the effect was not proved") }, 1_000),
  ],
};
const rendered = parseXml(
  junit.render({ record, measurement, verdict, folder: "/x/reports/runs/made/1" }),
);
const rich = richRecord();
const richMeasurement = measure(rich);
const richVerdict = judge(richMeasurement, rich.plan, byName("check", checks));
const richRoot = parseXml(
  junit.render({
    record: rich,
    measurement: richMeasurement,
    verdict: richVerdict,
    folder: "/x/reports/runs/rich/1",
  }),
);
const suite = JSON.parse(readFileSync(join(golden, "suites/small.json"), "utf8")) as SuiteRecord;
const suiteRoot = parseXml(junit.suite!({ suite, folder: "/x/reports/runs/small/1" }));

/** What the schema allows: attributes (required with `!`) and children of each element. */
const SCHEMA: Readonly<Record<string, { attributes: string; children: string }>> = {
  testsuites: { attributes: "name time tests failures errors", children: "testsuite" },
  testsuite: {
    attributes: "name! tests! failures! errors! skipped time timestamp hostname id package",
    children: "properties testcase",
  },
  properties: { attributes: "", children: "property" },
  property: { attributes: "name! value!", children: "" },
  testcase: { attributes: "name! classname time", children: "failure error skipped system-out" },
  failure: { attributes: "message type", children: "" },
  error: { attributes: "message type", children: "" },
  skipped: { attributes: "message type", children: "" },
  "system-out": { attributes: "", children: "" },
};

function problems(node: Node): readonly string[] {
  const rule = SCHEMA[node.name];
  if (!rule) return [`${node.name} is not an element`];
  const asked = rule.attributes.split(" ");
  const known = asked.map((name) => name.replace("!", ""));
  return [
    ...Object.keys(node.attributes)
      .filter((name) => !known.includes(name))
      .map((name) => `${node.name} has no ${name}`),
    ...asked
      .filter((name) => name.endsWith("!") && !(name.slice(0, -1) in node.attributes))
      .map((name) => `${node.name} must have ${name}`),
    ...node.children
      .filter(({ name }) => !rule.children.split(" ").includes(name))
      .map(({ name }) => `${node.name} holds no ${name}`),
    ...node.children.flatMap(problems),
  ];
}

for (const [what, root] of [
  ["a run", rendered],
  ["a run with all kinds of findings", richRoot],
  ["a suite", suiteRoot],
  ["a comparison", parseXml(junit.many!(MANY.comparison, GROUPS))],
  ["a gate", parseXml(junit.many!(MANY.gate, GROUPS))],
] as const) {
  test(`${what}: the elements and attributes of the schema, and nothing else`, () => {
    expect(root.name).toBe("testsuites");
    expect(problems(root)).toEqual([]);
  });

  test(`${what}: counts are those of its cases, times are seconds, the date has no zone`, () => {
    const [own] = root.children;
    const cases = own!.children.filter(({ name }) => name === "testcase");
    const having = (name: string): string =>
      String(cases.filter(({ children }) => children.some((one) => one.name === name)).length);
    const { tests, failures, errors, skipped, time, timestamp } = own!.attributes;
    expect({ tests, failures, errors, skipped }).toEqual({
      tests: String(cases.length),
      failures: having("failure"),
      errors: having("error"),
      skipped: having("skipped"),
    });
    expect(root.attributes).toMatchObject({ tests, failures, errors });
    for (const one of [time, ...cases.map(({ attributes }) => attributes["time"])]) {
      expect(one).toMatch(/^\d+\.\d{3}$/);
    }
    expect(timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/);
  });

  test(`${what}: no two cases share class and name`, () => {
    const cases = root.children[0]!.children.filter(({ name }) => name === "testcase");
    const keys = cases.map(({ attributes }) => `${attributes["classname"]} ${attributes["name"]}`);
    expect(new Set(keys).size).toBe(cases.length);
    for (const { attributes } of cases) expect(attributes["classname"]).toMatch(/^ninety\./);
  });
}

test("fail is a failure, unknown an error with its reason, pass neither", () => {
  const cases = rendered.children[0]!.children.filter(({ name }) => name === "testcase");
  expect(cases.map(({ children }) => children.map(({ name }) => name))).toEqual([
    [],
    ["failure"],
    ["error"],
  ]);
  const [, failed, unknown] = cases.map(({ children }) => children[0]);
  expect(failed?.attributes["message"]).toBe("fail: 9 s [8 s, 9.5 s], must be at most 1 s");
  // GitLab shows the text alone.
  expect(failed?.text).toContain("9 s [8 s, 9.5 s]");
  expect(failed?.text).toContain("look");
  expect(unknown?.text).toContain("the effect was not proved");
});

test("seed, level and folder are properties, wherever the folder lies", () => {
  const properties = rendered.children[0]!.children.find(({ name }) => name === "properties");
  const told = Object.fromEntries(
    properties!.children.map(({ attributes }) => [attributes["name"], attributes["value"]]),
  );
  expect(told).toMatchObject({ seed: "s", outcome: "fail", folder: "reports/runs/made/1" });
  expect(told["level"]).toBe(measurement.level);
});

test("a run that is not as stated is a failure, one that nobody can tell of an error", () => {
  const cases = suiteRoot.children[0]!.children.filter(({ name }) => name === "testcase");
  expect(cases.map(({ children }) => children[0]?.name ?? "")).toEqual([
    "",
    "",
    "failure",
    "error",
    "",
    "skipped",
  ]);
  expect(cases[3]?.children[0]?.text).toContain("SIGKILL");
});

test("what is only noted or predicted is green, and told all the same", () => {
  const cases = richRoot.children[0]!.children.filter(({ name }) => name === "testcase");
  const told = cases.flatMap(({ children }) =>
    children.filter(({ name }) => name === "system-out"),
  );
  const decided = richVerdict.findings.filter(({ outcome }) => decides(outcome));
  expect(told).toHaveLength(richVerdict.findings.length - decided.length);
  expect(told.map(({ text }) => text).join()).toContain("longer than predicted");
});

test("of a gate each candidate's objectives and each metric are cases; what is worse has failed", () => {
  const root = parseXml(junit.many!(MANY.gate, GROUPS));
  const cases = root.children[0]!.children.filter(({ name }) => name === "testcase");
  const of = (name: string): string | undefined =>
    cases.find(({ attributes }) => attributes["name"] === name)?.children[0]?.name;
  expect(cases).toHaveLength(1 + 7 + 4);
  expect(of("verdict")).toBe("failure");
  expect(of("service recovery, new")).toBe("failure");
  expect(of("service recovery, reused")).toBe("error");
  expect(of("capacity recovery")).toBeUndefined();
  expect(of("objectives of 20260111T000000Z-11")).toBeUndefined();
});
