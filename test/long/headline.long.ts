// The headline, through the front door: every run ends as its author states, and the sentence that
// it tries holds: with the naive stack a quarter of an hour, with the tuned one seconds.
import { expect, test } from "vitest";
import type { SuiteRecord } from "../../src/model/suite.ts";
import { ninety } from "../support/ninety.ts";

test("the headline suite ends as stated, and shows the claim's contrast", async () => {
  const run = ["run", "headline", "--parallel", "3", "--json", "--instance", "full"];
  const ended = await ninety(run);
  const suite = JSON.parse(ended.stdout) as SuiteRecord;
  const otherwise = suite.runs.filter(({ asStated }) => asStated !== "yes");
  expect(otherwise.map(({ experiment, why }) => ({ experiment, why }))).toEqual([]);
  expect(ended.code).toBe(0);
  expect(suite.leftOut).toEqual([]);
  const [first] = suite.contrasts;
  const [capacity] = first?.pairs ?? [];
  expect(first?.before).toBe("gpu-loss-naive-crash");
  // The back-offs alone are 910 s; the claim says 15 minutes.
  expect(capacity?.before.recovery).toMatchObject({ is: "value" });
  const { recovery } = capacity!.before;
  expect(recovery.is === "value" ? recovery.low : 0).toBeGreaterThan(900_000);
  expect(recovery.is === "value" ? recovery.high : Infinity).toBeLessThan(1_200_000);
  const after = capacity!.after.recovery;
  expect(after.is === "value" ? after.high : Infinity).toBeLessThan(90_000);
});
