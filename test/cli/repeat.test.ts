// run --repeat and check of several runs through the front door, as far as they need no cluster.
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ninety } from "../support/ninety.ts";
import { writeRun, type MadeFolder } from "../support/run-folders.ts";

/** Clients of the first run are hurt until 4.96 s after the effect: its interval straddles that. */
const LIMIT_MS = 4_960;
let home = "";
let nth = 0;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "ninety-repeat-"));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const made = (outageS: number, of: Partial<MadeFolder> = {}): string =>
  writeRun(join(home, "reports/runs/made"), (nth += 1), {
    outageS,
    podAwayS: [1, 8],
    limitMs: LIMIT_MS,
    ...of,
  });
const check = (runs: readonly string[], ...args: readonly string[]) =>
  ninety(["check", runs.join(","), ...args], home);

test("one run cannot tell, and five together can: by their mean, with its whole interval", async () => {
  const runs = [4, 3, 3.1, 2.9, 3.05].map((outageS) => made(outageS));
  expect((await ninety(["check", runs[0]!], home)).code).toBe(2);
  expect((await check(runs.slice(0, 2))).code).toBe(2);
  const { code, stdout } = await check(runs, "--json");
  expect(code, stdout).toBe(0);
  const told = JSON.parse(stdout);
  expect(told).toMatchObject({ outcome: "pass", experiment: "made", exit: 0 });
  expect(told.runs.map(({ outcome }: { outcome: string }) => outcome)).toEqual([
    "unknown",
    "pass",
    "pass",
    "pass",
    "pass",
  ]);
  const service = told.objectives.find(
    ({ what }: { what: string }) => what === "service recovery, scenario new",
  );
  expect(service).toMatchObject({ outcome: "pass", passed: 4, unknown: 1, group: { n: 5 } });
  expect(service.mean.high).toBeLessThan(LIMIT_MS);
  const words = (await check(runs)).stdout;
  expect(words).toContain("PASS  made: 5 runs together, 5 of them count");
  expect(words).toContain("service recovery, scenario new: at most 4.96 s");
  expect(words).toContain("4 pass, 0 fail, 1 unknown");
  expect(words).toMatch(/Kaplan and Meier: median .*, mean .*, 5 runs/);
  expect(words).toMatch(/every run passed the \d+ others/);
});

test("one that fails fails them all", async () => {
  const { code, stdout } = await check([made(4), made(6), made(3)]);
  expect(code, stdout).toBe(1);
  expect(stdout).toContain("FAIL  made: 3 runs together");
  expect(stdout).toContain("1 pass, 1 fail, 1 unknown");
});

test("one whose record is not whole is left out, and helps nobody", async () => {
  const broken = made(3);
  const requests = join(broken, "requests.ndjson");
  const text = readFileSync(requests, "utf8");
  writeFileSync(requests, text.slice(0, text.lastIndexOf('{"end"')));
  const { code, stdout } = await check([broken, made(3)]);
  expect(code, stdout).toBe(0);
  expect(stdout).toContain("2 runs together, 1 of them count");
  expect(stdout).toMatch(/unknown \S+ {2}left out: /);
  const alone = await check([broken, ""]);
  expect(alone.code).toBe(2);
  expect(alone.stdout).toContain("undecided: no run said anything");
});

test("runs that are not of one experiment, or are no runs, are exit 3", async () => {
  const other = made(3, { plan: (plan) => ({ ...plan, experiment: "other" }) });
  const mixed = await check([made(3), other]);
  expect(mixed.code).toBe(3);
  expect(mixed.stderr).toContain("not judged together: experiment must be the same: made of");
  const twice = made(3);
  expect((await check([twice, twice])).stderr).toContain("is there twice");
  expect((await check(["nowhere", "no"])).stderr).toContain("run must be a folder or the name");
  expect((await ninety(["check", ","], home)).stderr).toContain("runs must be 1 to 20, got 0");
});

test("options that do not go together are exit 3, and nothing is written", async () => {
  const empty = mkdtempSync(join(tmpdir(), "ninety-repeat-"));
  const wrong: readonly (readonly [said: string, ...args: readonly string[]])[] = [
    ["--repeat must be 1 to 20, got 0", "pod-kill", "--repeat", "0"],
    ["--repeat must be 1 to 20, got 21", "pod-kill", "--repeat", "21"],
    ["--repeat must be 1 to 20, got 2.5", "pod-kill", "--repeat", "2.5"],
    ["--repeat must be 1 with --plan-hash", "pod-kill", "--repeat", "2", "--plan-hash", "a"],
    [
      "at most 60 characters with --repeat, got 61",
      "pod-kill",
      "--repeat",
      "2",
      "--seed",
      "s".repeat(61),
    ],
    ["--repeat is for an experiment, got the suite headline", "headline", "--repeat", "2"],
  ];
  for (const [said, ...args] of wrong) {
    // No cluster can have that name: what should be refused before cannot start one.
    const { code, stderr } = await ninety(["run", ...args, "--instance", "NO"], empty);
    expect(code, stderr).toBe(3);
    expect(stderr).toContain(said);
  }
  expect(readdirSync(empty)).toEqual([]);
  rmSync(empty, { recursive: true });
});

test("a run that could not begin is not begun again, and there is one object", async () => {
  const args = [
    "run",
    "pod-kill",
    "--repeat",
    "3",
    "--seed",
    "s",
    "--context",
    "no-such",
    "--json",
  ];
  const { code, stdout, stderr } = await ninety(args, home);
  expect(code, stderr).toBe(4);
  expect(stdout.trim().split("\n")).toHaveLength(1);
  expect(JSON.parse(stdout)).toMatchObject({ exit: 4 });
  expect(readdirSync(join(home, "reports/runs/pod-kill"))).toHaveLength(1);
});

test("the help says what it does", async () => {
  const { stdout } = await ninety(["run", "--help"]);
  expect(stdout).toContain("--repeat <count>");
  expect(stdout).toMatch(/joint\s+verdict/);
});
