// A suite with a wrong statement, on the real local cluster.
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { SuiteRecord } from "../../src/model/suite.ts";
import { ninety, ROOT } from "../support/ninety.ts";

const INSTANCE = "suite-full";
const WRONG = join(ROOT, "test/suites/wrong.suite.ts");

afterAll(async () => void (await ninety(["cluster", "down", "--instance", INSTANCE])));

test("a run that ends otherwise than stated: exit 1, and why", async () => {
  const ended = await ninety(["run", WRONG, "--json", "--instance", INSTANCE]);
  const suite = JSON.parse(ended.stdout) as SuiteRecord;
  expect(suite.runs[0]?.why[0], ended.stderr.slice(-4_000)).toBe("ended fail, stated pass");
  expect(suite.asStated).toBe("no");
  expect(ended.code).toBe(1);
});
