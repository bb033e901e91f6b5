// Damage that was foreseen and accepted: from the record to the reports, deciding nothing.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { predictedDamage } from "../../src/checks/predicted-damage.ts";
import { byName, loadPlugins } from "../../src/cli/plugins.ts";
import { judge } from "../../src/kernel/judge.ts";
import { runResult } from "../../src/kernel/suite.ts";
import { measure } from "../../src/measure/measure.ts";
import type { Damage } from "../../src/model/damage.ts";
import type { Event } from "../../src/model/event.ts";
import type { Environment, RunRecord } from "../../src/model/record.ts";
import { worst } from "../../src/model/verdict.ts";
import { sha256 } from "../../src/store/plan-hash.ts";
import { readRecord } from "../../src/store/read-record.ts";
import { makeRecord } from "../property/measure-record.ts";
import { parseXml, type Node } from "../support/xml.ts";

const { checks, reporters } = await loadPlugins();
const golden = join(import.meta.dirname, "../golden/records/small");
const environment = {
  ...(JSON.parse(readFileSync(join(golden, "environment.json"), "utf8")) as Environment),
  planSha256: "a1".repeat(32),
};

const damage: Damage = {
  accept: "pdb-broken",
  id: "f01",
  what: "disruption budget of server broken by f01 gpu-lost",
  observed: 2,
  limit: { max: 1 },
  rule: "f01 gpu-lost must leave the disruption budget of server whole: 1 pods may be down, got 2",
};

function recordWith(...all: readonly Partial<Damage>[]): RunRecord {
  const made = makeRecord();
  const told = all.map((more): Event => ({ atUs: 1, type: "damage", ...damage, ...more }));
  const names = ["predicted-damage", "fault-took-effect", "steady-clean"];
  const accepts = ["pdb-broken"] as const;
  const plan = { ...made.plan, accepts, checks: names.map((name) => ({ name, params: {} })) };
  return { ...made, plan, environment, events: [...made.events, ...told] };
}

function judged(record: RunRecord): ReturnType<typeof judge> {
  return judge(measure(record), record.plan, byName("check", checks));
}

test("is a finding that says predicted, and decides nothing", () => {
  expect(predictedDamage.definition).toMatchObject({ name: "predicted-damage", always: true });
  const verdict = judged(recordWith({}));
  expect(verdict.findings[0]).toEqual({
    check: "predicted-damage",
    outcome: "predicted",
    what: "disruption budget of server broken by f01 gpu-lost, accepted as pdb-broken",
    observed: { is: "value", unit: "count", value: 2, low: 2, high: 2, n: 1 },
    limit: { max: 1 },
    about: ["f01"],
    hint: damage.rule,
  });
  expect(verdict.outcome).toBe("pass");
  expect(judged(recordWith()).findings).toEqual(verdict.findings.slice(1));
});

test("is told once, as it was told last", () => {
  const { damage: found } = measure(recordWith({ observed: 2 }, { observed: 3 }, { id: "f02" }));
  expect(found?.map(({ id, observed }) => [id, observed])).toEqual([
    ["f01", 3],
    ["f02", 2],
  ]);
  expect("damage" in measure(recordWith())).toBe(false);
});

test.each([{ accept: 7 }, { rule: null }, { observed: "2" }, { limit: null }])(
  "is a problem of the record where it is incomplete: %j",
  (wrong) => {
    const { completeness, damage: found } = measure(recordWith(wrong as never));
    expect(completeness.problems).toEqual([expect.stringContaining("damage event")]);
    expect(found).toBeUndefined();
  },
);

test("never makes a verdict: predictions alone are unknown", () => {
  expect(worst(["predicted"])).toBe("unknown");
  expect(worst(["predicted", "pass"])).toBe("pass");
  expect(worst(["predicted", "pass", "unknown"])).toBe("unknown");
  expect(worst(["predicted", "unknown", "fail"])).toBe("fail");
});

// A picture has no findings.
const written = reporters.filter(({ name }) => name !== "svg");
test.each(written.map((reporter) => [reporter.name, reporter] as const))(
  "stands in the report of %s, with the hash of the plan",
  (name, reporter) => {
    const record = recordWith({});
    const verdict = judged(record);
    const of = { record, measurement: measure(record), verdict, folder: "reports/runs/made/1" };
    const text = reporter.render(of);
    expect(text).toContain("disruption budget of server broken by f01 gpu-lost");
    expect(text).toContain("predicted");
    expect(text).toContain(environment.planSha256);
    if (name !== "junit") return;
    const cases = (node: Node): readonly Node[] =>
      node.name === "testcase" ? [node] : node.children.flatMap(cases);
    const green = cases(parseXml(text)).map(({ children }) => children.map((one) => one.name));
    expect(green).toEqual([["system-out"], ...verdict.findings.slice(1).map(() => [])]);
  },
);

test("is nothing that a suite calls not passed", () => {
  const record = recordWith({});
  const { notPassed } = runResult({
    record,
    measurement: measure(record),
    verdict: judged(record),
  });
  expect(notPassed).toEqual([]);
});

test("a plan.json that is not the one that was run is a problem of the record", async () => {
  const folder = mkdtempSync(join(tmpdir(), "ninety-plan-"));
  try {
    cpSync(golden, folder, { recursive: true });
    const bytes = readFileSync(join(folder, "plan.json"));
    const write = (planSha256: string): void =>
      writeFileSync(
        join(folder, "environment.json"),
        JSON.stringify({ ...environment, planSha256 }),
      );
    write(sha256(bytes));
    const { problems } = await readRecord(golden);
    expect((await readRecord(folder)).problems).toEqual(problems);
    writeFileSync(join(folder, "plan.json"), `${bytes.toString()} `);
    expect((await readRecord(folder)).problems).toContainEqual(
      expect.stringMatching(/^plan\.json must be the one that was run, SHA-256 .*, got /),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
