// docs/schemas: every record of the tests is one, and a record that was changed is none.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { planned } from "../../src/cli/commands/run.ts";
import { experimentNames, loadPlugins } from "../../src/cli/plugins.ts";
import { read } from "../../src/model/fields.ts";
import type { FaultCase } from "../../src/testing/fault-contract.ts";
import { changesOf } from "../support/changed.ts";
import { allRecords, partsOf, RECORD_FOLDERS, type Part } from "../support/judged-records.ts";
import { ROOT } from "../support/ninety.ts";
import { problems, SCHEMAS } from "../support/schemas.ts";

const records = await allRecords();
const plugins = await loadPlugins();

/** The first part that is wrong: ten thousand alike help nobody. */
function firstProblems(parts: Iterable<Part>): readonly string[] {
  for (const [name, value] of parts) {
    const wrong = problems(name, value);
    if (wrong.length > 0) return [JSON.stringify(value).slice(0, 1_000), ...wrong];
  }
  return [];
}

describe("fits the schemas", () => {
  test.each([...records.keys()])("%s, and what it is judged to", (name) => {
    expect(firstProblems(partsOf(records.get(name)!))).toEqual([]);
  });

  test("the golden report", () => {
    const golden = readFileSync(join(ROOT, "test/golden/small.report.json"), "utf8");
    expect(problems("report", JSON.parse(golden))).toEqual([]);
  });

  test("what the records hold of each kind, so that none of it was empty", () => {
    const parts = [...records.values()].flatMap((record) => [...partsOf(record)]);
    expect(new Set(parts.map(([name]) => name))).toEqual(new Set(SCHEMAS));
    const text = JSON.stringify(parts.filter(([name]) => name !== "request"));
    for (const rare of ["prediction", "damage", "predicted", "noted", "advice", "aborted"]) {
      expect(text).toContain(`"${rare}"`);
    }
    const cause = /"waterfall":\[\{[^\]]*"cause":\{/;
    expect(text).toMatch(cause);
  });

  test("the plans of all experiments", async () => {
    const names = await experimentNames();
    expect(names.length).toBeGreaterThan(20);
    const options = { seed: "1", context: undefined, image: undefined, plugins };
    for (const name of names) {
      const { plan } = await planned(name, options);
      expect(problems("plan", JSON.parse(JSON.stringify(plan))), name).toEqual([]);
    }
  });

  test("the effects of all faults, and what they meet", async () => {
    const kinds = new Set<string>();
    for (const fault of plugins.faults) {
      const { cases } = (await import(join(ROOT, `test/contract/worlds/${fault.name}.ts`))) as {
        readonly cases: readonly FaultCase[];
      };
      for (const { options, target } of cases) {
        const params = read("options", fault.params, options, []);
        const effects = fault.effects(params as never, target as never);
        for (const { kind } of effects) kinds.add(kind);
        const held = effects.map((effect, nth) => ({ id: `f01.${nth}`, effect }));
        const edge = { atUs: 1, type: "fault", id: "f01", edge: "inject-begin", lateUs: 0 };
        const begin = { ...edge, targets: [target], effects: held };
        expect(problems("event", JSON.parse(JSON.stringify(begin))), fault.name).toEqual([]);
      }
    }
    expect([...kinds].sort()).toEqual([...new Set(plugins.faults.flatMap((f) => f.kinds))].sort());
  });
});

/** One of each shape: thousands alike are changed in the same way. */
function shapes(parts: Iterable<Part>): readonly Part[] {
  const seen = new Map<string, Part>();
  for (const [name, value] of parts) {
    const { type, edge, outcome } = value as Readonly<Record<string, unknown>>;
    const kind = [name, type, edge, outcome].join(" ");
    if (!seen.has(kind)) seen.set(kind, [name, value]);
  }
  return [...seen.values()];
}

describe("a record that was changed does not", () => {
  test.each([...RECORD_FOLDERS, "foretold"])("%s", (name) => {
    let changed = 0;
    for (const [schema, value] of shapes(partsOf(records.get(name)!))) {
      for (const { what, value: other } of changesOf(value)) {
        expect(problems(schema, other), `${schema}: ${what}`).not.toEqual([]);
        changed += 1;
      }
    }
    expect(changed).toBeGreaterThan(1_000);
  });
});

test("RECORD.md names every schema", () => {
  const text = readFileSync(join(ROOT, "docs/RECORD.md"), "utf8");
  for (const name of SCHEMAS) expect(text).toContain(`schemas/${name}.schema.json`);
});
