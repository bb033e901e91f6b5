// All faults against holders that acknowledge and do nothing: a copy of ninety whose programs of
// effects are empty, all else untouched. No fault may be called proved, and nobody may be hurt.
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { machineSnapshot } from "../support/machine.ts";
import { ninety, ROOT } from "../support/ninety.ts";

const INSTANCE = "full-nothing-done";
const EXPERIMENT = "test/support/nothing-done.experiment.ts";
const SILENT = `export async function apply() {}
export async function extend() {}
export async function undo() {}
`;

interface Report {
  readonly outcome: string;
  readonly findings: readonly { readonly check: string; readonly outcome: string }[];
  readonly steps: readonly {
    readonly fault: string;
    readonly injected: boolean;
    readonly proved: string;
  }[];
}

let copy = "";

beforeAll(async () => {
  await ninety(["cluster", "down", "--instance", INSTANCE]);
  copy = mkdtempSync(join(tmpdir(), "ninety-nothing-done-"));
  const listed = ["ls-files", "--cached", "--others", "--exclude-standard"];
  const files = execFileSync("git", listed, { cwd: ROOT, encoding: "utf8" }).trim().split("\n");
  for (const file of files) cpSync(join(ROOT, file), join(copy, file));
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
  const effects = join(copy, "src/agents/effects");
  for (const file of readdirSync(effects)) writeFileSync(join(effects, file), SILENT);
});
afterAll(async () => {
  await ninety(["cluster", "down", "--instance", INSTANCE]);
  rmSync(copy, { recursive: true, force: true });
});

test("no fault is proved by being acknowledged", async () => {
  const before = machineSnapshot();
  const ended = await ninety(["run", EXPERIMENT, "--json", "--instance", INSTANCE], copy, copy);
  const { findings, outcome, steps } = JSON.parse(ended.stdout) as Report;
  const told = ended.stderr.slice(-4_000);
  const faults = readdirSync(join(ROOT, "src/faults")).map((file) => file.replace(/\.ts$/, ""));
  expect(steps.map(({ fault }) => fault).sort(), told).toEqual(faults.sort());
  const left = steps.filter(({ injected }) => !injected).map(({ fault }) => fault);
  expect(left, told).toEqual([]);
  expect(steps.filter(({ proved }) => proved !== "unproved")).toEqual([]);
  expect(outcome).toBe("unknown");
  expect(ended.code).toBe(2);
  const took = findings.filter(({ check }) => check === "fault-took-effect");
  expect(took).toHaveLength(steps.length);
  expect(took.filter((one) => one.outcome !== "unknown")).toEqual([]);
  expect(machineSnapshot()).toEqual(before);
});
