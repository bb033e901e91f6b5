// Whatever text stands in a record, the reports made of it stay what they are.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { byName, loadPlugins } from "../../src/cli/plugins.ts";
import { judgeSuite } from "../../src/kernel/suite.ts";
import { measure } from "../../src/measure/measure.ts";
import { atMost, value } from "../../src/model/measured.ts";
import type { SuiteRecord } from "../../src/model/suite.ts";
import type { Finding } from "../../src/model/verdict.ts";
import { makeRecord } from "./measure-record.ts";
import type { ManyRuns } from "../../src/ports/reporter.ts";
import { GROUPS, MANY } from "../support/many-runs.ts";
import { parseXml, type Node } from "../support/xml.ts";

const { reporters } = await loadPlugins();
const junit = byName("reporter", reporters)("junit");
const markdown = byName("reporter", reporters)("markdown");
const svg = byName("reporter", reporters)("svg");
const html = byName("reporter", reporters)("html");
const record = makeRecord();
const measurement = measure(record);
const suite = JSON.parse(
  readFileSync(join(import.meta.dirname, "../golden/suites/small.json"), "utf8"),
) as SuiteRecord;

/** What a format could stumble over. */
const PIECES = [
  ..."<>&\"'|`*_[]\\#x ".split(""),
  ..."\n\r\t\0\u0001\u000b\u001f\u007f\u0085\u2028\ufffe\uffff".split(""),
  "\ud800",
  "\udfff",
  "]]>",
  "<!--",
  "-->",
  "<script>",
  "&amp;",
  "&#0;",
];
const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.array(fc.constantFrom(...PIECES), { maxLength: 30 }).map((parts) => parts.join("")),
);

const findings = (text: string): readonly Finding[] =>
  [0, 1, 2].flatMap((max) =>
    atMost(
      {
        check: text,
        what: text,
        observed: value("count", { value: 1, low: max === 1 ? 0 : 1, high: 2, n: 3 }),
        about: ["f01"],
        hint: text,
      },
      max,
    ),
  );

const rendered = (reporter: typeof junit, text: string): string => {
  const plan = { ...record.plan, experiment: text, hypothesis: text };
  const verdict = {
    schema: 1,
    experiment: text,
    seed: text,
    outcome: "fail",
    findings: findings(text),
  } as const;
  return reporter.render({ record: { ...record, plan }, measurement, verdict, folder: text });
};

/** Every name, note and reason of a suite replaced. */
const suiteWith = (text: string): SuiteRecord => {
  const runs = suite.runs.map((run, at) => ({
    ...run,
    experiment: `${text}${at}`,
    about: text,
    folder: text,
    noResult: text,
    invalidTries: [{ folder: text, why: [text] }],
    result: run.result && {
      ...run.result,
      notPassed: [text],
      restarts: [{ pod: text, part: text, restarts: 1, reason: text }],
    },
  }));
  const contrasts = suite.contrasts.map((one) => ({ ...one, title: text, why: text }));
  const claim = { source: text, text, beforeMs: 2, afterMs: 1 };
  return judgeSuite({ ...suite, suite: text, about: text, seed: text, claim, runs, contrasts });
};

/** What is left of text that XML 1.0 cannot say. */
const sayable = (text: string): string =>
  // eslint-disable-next-line no-control-regex -- the very characters that are looked for
  text.toWellFormed().replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "\ufffd");

const casesOf = (root: Node): readonly Node[] =>
  (root.children[0]?.children ?? []).filter(({ name }) => name === "testcase");

describe("junit", () => {
  test("is well-formed and says the text, whatever it is", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const root = parseXml(rendered(junit, text));
        const cases = casesOf(root);
        expect(cases).toHaveLength(3);
        expect(cases[0]?.attributes["name"]).toBe(`${sayable(text)} after f01`);
        const hint = cases[0]?.children[0]?.text ?? "";
        expect(hint.startsWith(`${sayable(text)} after f01\n`)).toBe(true);
        expect(new Set(cases.map(({ attributes }) => attributes["name"])).size).toBe(3);
      }),
      { numRuns: 500 },
    );
  });

  test("of a suite too", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const root = parseXml(junit.suite!({ suite: suiteWith(text), folder: text }));
        expect(casesOf(root)).toHaveLength(suite.runs.length + suite.leftOut.length);
      }),
      { numRuns: 300 },
    );
  });
});

describe("svg", () => {
  test("is well-formed, and needs neither style sheet nor address, whatever the text", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const picture = rendered(svg, text);
        const root = parseXml(picture);
        expect(root.name).toBe("svg");
        expect(picture).not.toMatch(
          /<(style|script|image|a|foreignObject)[ >]| (style|class|href)=/,
        );
      }),
      { numRuns: 100 },
    );
  });
});

describe("markdown", () => {
  /** Bars that cut a table's line into cells. */
  const cells = (line: string): number =>
    line.replaceAll("\\\\", "").replaceAll("\\|", "").split("|").length - 2;

  /** Without what a backslash or a code span makes plain. */
  const withoutCode = (page: string): string =>
    page.replaceAll(/\\[^\n]|(`+)(?!`)[^]*?(?<!`)\1(?!`)/g, "");

  const tables = (text: string): readonly (readonly string[])[] =>
    text
      .split("\n\n")
      .map((block) => block.split("\n"))
      .filter(([first]) => first?.startsWith("| "));

  test("keeps its tables whole and lets no HTML through, whatever the text", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        for (const page of [
          rendered(markdown, text),
          markdown.suite!({ suite: suiteWith(text), folder: text }),
        ]) {
          for (const lines of tables(page)) {
            expect(new Set(lines.map(cells)).size, lines.join("\n")).toBe(1);
          }
          expect(withoutCode(page)).not.toMatch(/<[a-z!/]/i);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("html", () => {
  test("of a suite holds no element and no address that a text brought along", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const page = html.suite!({ suite: suiteWith(`javascript:${text}<script>`), folder: text });
        expect(page).not.toContain("<script");
        for (const [, address] of page.matchAll(/ (?:href|src)="([^"]*)"/g)) {
          expect(address).toMatch(/^(\.\/|#[a-z-]+$|suite\.json$)/);
        }
      }),
      { numRuns: 200 },
    );
  });

  test("of many runs neither, and JUnit and Markdown stay what they are", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const { comparison } = MANY.comparison as Extract<ManyRuns, { kind: "comparison" }>;
        const many: ManyRuns = {
          kind: "comparison",
          comparison: { ...comparison, experiment: text, why: [text], differs: [text] },
        };
        const groups = {
          ...GROUPS,
          a: GROUPS.a.map(({ facts, link }) => ({
            facts: { ...facts, run: `${facts.run}${text}<script>`, seed: text, startedAt: text },
            link,
          })),
        };
        const page = html.many!(many, groups);
        expect(page).not.toContain("<script");
        for (const [, address] of page.matchAll(/ (?:href|src)="([^"]*)"/g)) {
          expect(address).toMatch(/^(\.\/|#[a-z-]+$|comparison\.json$)/);
        }
        expect(casesOf(parseXml(junit.many!(many, groups)))).toHaveLength(5);
        markdown.many!(many, groups);
      }),
      { numRuns: 100 },
    );
  });
});
