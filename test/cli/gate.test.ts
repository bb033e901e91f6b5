// compare, gate and baseline accept through the front door, on records whose truth is known.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ninety } from "../support/ninety.ts";
import { writeRun, type MadeFolder } from "../support/run-folders.ts";

const EXPERIMENT = "reports/runs/made";
/** Seconds that clients are hurt, run by run: as repeats of one experiment spread. */
const SPREAD = [4, 4.4, 4.2, 4.8, 4.6, 5, 4.3, 4.7, 4.5, 4.9];

let home = "";
/** By which tests name them. */
const groups: Record<string, readonly string[]> = {};
let nth = 0;

function made(name: string, all: readonly MadeFolder[]): void {
  groups[name] = all.map((one) => writeRun(join(home, EXPERIMENT), (nth += 1), one));
}

const of = (name: string, count = Infinity): readonly string[] => groups[name]!.slice(0, count);
const listed = (name: string, count = Infinity): string => of(name, count).join(",");

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "ninety-gate-"));
  const seconds = (by: (s: number) => number, count: number): readonly MadeFolder[] =>
    SPREAD.slice(0, count).map((s) => ({ outageS: by(s), podAwayS: [1, 8 + by(s)] }));
  made(
    "baseline",
    seconds((s) => s, 10),
  );
  made(
    "same",
    seconds((s) => s + 0.05, 5),
  );
  made(
    "slower",
    seconds((s) => s * 2.4, 5),
  );
  made("broken", [{ outageS: 4, proofDelayS: 0.5, podAwayS: [1, 9] }]);
  const accepted = await ninety(["baseline", "accept", ...of("baseline"), "--name", "made"], home);
  expect(accepted.code, accepted.stderr).toBe(0);
}, 120_000);
afterAll(() => rmSync(home, { recursive: true, force: true }));

test("a baseline is small, and the same runs make the same bytes", async () => {
  const folder = join(home, "reports/baselines/made");
  const read = (): readonly string[] =>
    readdirSync(folder)
      .sort()
      .map((name) => readFileSync(join(folder, name), "utf8"));
  const before = read();
  expect(before).toHaveLength(10);
  for (const text of before) expect(text.length).toBeLessThan(4_000);
  rmSync(folder, { recursive: true });
  const again = await ninety(
    ["baseline", "accept", ...[...of("baseline")].reverse(), "--name", "made", "--json"],
    home,
  );
  expect(again.code, again.stderr).toBe(0);
  expect(JSON.parse(again.stdout)).toMatchObject({ baseline: "made", runs: 10 });
  expect(read()).toEqual(before);
});

test("what did not change passes the gate, in words and as one object", async () => {
  const json = await ninety(["gate", ...of("same"), "--baseline", "made", "--json"], home);
  expect(json.code, json.stdout).toBe(0);
  expect(json.stdout.trim().split("\n")).toHaveLength(1);
  const told = JSON.parse(json.stdout);
  expect(told).toMatchObject({ outcome: "pass", objectives: "pass", regression: "pass" });
  expect(told.looks.map(({ taken }: { taken: boolean }) => taken)).toEqual([
    true,
    true,
    false,
    false,
  ]);
  const words = await ninety(["gate", ...of("same"), "--baseline", "made"], home);
  expect(words.stdout).toContain("PASS  made: 5 runs against a baseline of 10");
  expect(words.stdout).toContain("could be seen");
});

test("clients hurt more than twice as long fails, whatever the objectives say", async () => {
  const { code, stdout } = await ninety(
    ["gate", ...of("slower"), "--baseline", "made", "--json"],
    home,
  );
  expect(code, stdout).toBe(1);
  const told = JSON.parse(stdout);
  expect(told).toMatchObject({ outcome: "fail", objectives: "pass", regression: "fail" });
  expect(told.why.join()).toContain("service recovery, new is worse than tolerated");
});

test("the order in which runs are named changes nothing", async () => {
  const [one, other] = await Promise.all(
    [of("slower"), [...of("slower")].reverse()].map((runs) =>
      ninety(["gate", ...runs, "--baseline", "made", "--json"], home),
    ),
  );
  expect(one!.stdout).toBe(other!.stdout);
});

test("too few runs: unknown, and it says that only objectives decide", async () => {
  const { code, stdout } = await ninety(["gate", ...of("same", 1), "--baseline", "made"], home);
  expect(code).toBe(2);
  expect(stdout).toContain("no change can be seen yet, only absolute objectives decide");
  expect(stdout).toContain("the next look is at 5 runs, there are 1");
});

test("a change smaller than can be seen is wanted: unknown", async () => {
  const { code, stdout } = await ninety(
    ["gate", ...of("same"), "--baseline", "made", "--tolerate", "1%", "--see", "2%"],
    home,
  );
  expect(code).toBe(2);
  expect(stdout).toContain("cannot see enough");
});

test("a candidate whose record is not whole makes the gate unknown", async () => {
  const runs = of("broken");
  const requests = join(runs[0]!, "requests.ndjson");
  const text = readFileSync(requests, "utf8");
  writeFileSync(requests, text.slice(0, text.lastIndexOf('{"end"')));
  const { code, stdout } = await ninety(
    ["gate", ...of("same"), ...runs, "--baseline", "made", "--json"],
    home,
  );
  expect(code, stdout).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({ objectives: "unknown", outcome: "unknown" });
  const accept = await ninety(["baseline", "accept", ...runs, "--name", "other"], home);
  expect(accept.code).toBe(3);
  expect(accept.stderr).toContain("a baseline is of runs that passed");
  expect(existsSync(join(home, "reports/baselines/other"))).toBe(false);
});

test("a candidate that breaks an objective fails, before any comparison", async () => {
  made("objective", [{ outageS: 4, podAwayS: [1, 9], limitMs: 1_000 }]);
  const { code, stdout } = await ninety(
    ["gate", ...of("objective"), "--baseline", "made", "--json"],
    home,
  );
  expect(code, stdout).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ objectives: "fail", regression: "unknown" });
});

test("compare: slower is worse and a fail; the same is seen to be the same", async () => {
  const worse = await ninety(["compare", listed("baseline", 6), listed("slower"), "--json"], home);
  expect(worse.code, worse.stdout).toBe(1);
  const told = JSON.parse(worse.stdout);
  const service = told.metrics.find(
    ({ metric }: { metric: string }) => metric === "service recovery, new",
  );
  expect(service).toMatchObject({ reading: "worse", a: { n: 6 }, b: { n: 5 } });
  expect(service.p).toBeCloseTo(2 / 462, 10);
  expect(service.shift.low).toBeGreaterThan(3_000);
  const better = await ninety(["compare", listed("slower"), listed("baseline", 6)], home);
  expect(better.code, better.stdout).toBe(0);
  expect(better.stdout).toContain("service recovery, new: better");
  const same = await ninety(["compare", listed("baseline", 6), listed("same")], home);
  expect(same.code, same.stdout).toBe(0);
  expect(same.stdout).toContain("no change seen");
});

test("one run against one: no change can be seen, only objectives decide", async () => {
  const { code, stdout } = await ninety(
    ["compare", listed("baseline", 1), listed("slower", 1)],
    home,
  );
  expect(code).toBe(2);
  expect(stdout).toContain("no change can be seen");
  expect(stdout).toContain("only absolute objectives decide");
});

test("runs that never came back are censored, and the mean is restricted", async () => {
  made(
    "never",
    [0, 1, 2, 3, 4].map((): MadeFolder => ({ outageS: 300, podAwayS: [1, 300] })),
  );
  const { code, stdout } = await ninety(
    ["compare", listed("baseline", 6), listed("never"), "--json"],
    home,
  );
  expect(code, stdout).toBe(1);
  const [service] = JSON.parse(stdout).metrics;
  expect(service).toMatchObject({
    reading: "worse",
    b: { n: 5, censored: 5, median: { is: "beyond" } },
  });
});

const others: readonly (readonly [what: string, made: Partial<MadeFolder>, says: RegExp])[] = [
  [
    "another evidence level",
    { environment: { level: "virtual-gpu" } },
    /evidence level must be the same: simulated of \S+, virtual-gpu of/,
  ],
  [
    "another experiment",
    { plan: (plan) => ({ ...plan, experiment: "other" }) },
    /experiment must be the same: made of \S+, other of/,
  ],
  [
    "another rate",
    { rateRps: 20 },
    /plans must be the same but for seed, stack and checks: .* differ in load.rateRps: 10, 20/,
  ],
];
for (const [what, change, says] of others) {
  test(`${what} is refused, with what differs`, async () => {
    made(what, [{ outageS: 4, ...change }]);
    const { code, stderr } = await ninety(["compare", listed("baseline", 3), listed(what)], home);
    expect(code).toBe(3);
    expect(stderr).toMatch(says);
  });
}

test("another stack may be compared and is told; within a group it is refused", async () => {
  made("stack", [
    {
      outageS: 4,
      plan: (plan) => ({ ...plan, stack: [{ ...plan.stack[0]!, replicas: 3, gpusPerPod: 2 }] }),
    },
  ]);
  const told = await ninety(["compare", listed("baseline", 3), listed("stack")], home);
  expect(told.stdout).toContain("stack: part server is another");
  const mixed = await ninety(
    ["baseline", "accept", ...of("stack"), ...of("same"), "--name", "mixed"],
    home,
  );
  expect(mixed.code).toBe(3);
  expect(mixed.stderr).toContain("runs of one group must have one stack");
});

test("a run that is there twice is refused, under whatever name", async () => {
  const { code, stderr } = await ninety(["gate", ...of("baseline", 2), "--baseline", "made"], home);
  expect(code).toBe(3);
  expect(stderr).toContain("is there twice");
});

const misused: readonly (readonly [args: readonly string[], says: string])[] = [
  [["gate"], "--baseline"],
  [["gate", "--baseline", "nowhere"], "must hold runs or be a baseline"],
  [["gate", "--baseline", "made", "--looks", "5,3"], "--looks must be 1 to 10 rising counts"],
  [["gate", "--baseline", "made", "--see", "20%"], "--see must be more than --tolerate 25%"],
  [["gate", "--baseline", "made", "--tolerate", "much"], "--tolerate must be a share"],
  [["compare", "nowhere", "nowhere"], "run must be a folder or the name of one, got nowhere"],
  [["baseline", "accept", "nowhere", "--name", "Not A Name"], "--name must be kebab-case"],
];
for (const [args, says] of misused) {
  test(`ninety ${args.join(" ")}: usage`, async () => {
    const { code, stderr } = await ninety(args, home);
    expect(code).toBe(3);
    expect(stderr).toContain(says);
  });
}

test("--report: pages that link to each run, and the object itself beside them", async () => {
  const args = ["compare", listed("baseline", 6), listed("slower"), "--report", "out/compared"];
  const { code, stdout } = await ninety(args, home);
  expect(code).toBe(1);
  expect(stdout).toContain("  report  out/compared/report.html");
  const folder = join(home, "out/compared");
  expect(readdirSync(folder).sort()).toEqual([
    "comparison.json",
    "junit.xml",
    "report.html",
    "report.md",
  ]);
  const page = readFileSync(join(folder, "report.html"), "utf8");
  const links = [...page.matchAll(/<a href="(\.[^"]+)">/g)].map(([, link]) => link ?? "");
  expect(links).toHaveLength(11);
  for (const link of links) expect(existsSync(join(folder, link)), link).toBe(true);
  const json = await ninety(["gate", ...of("same"), "--baseline", "made", "--json"], home);
  const again = await ninety(
    ["gate", ...of("same"), "--baseline", "made", "--json", "--report", "out/gate"],
    home,
  );
  expect(again.stdout).toBe(json.stdout);
  expect(JSON.parse(readFileSync(join(home, "out/gate/gate.json"), "utf8"))).toEqual(
    JSON.parse(json.stdout),
  );
});

test("--report never overwrites the report of a run", async () => {
  const [run] = of("baseline", 1);
  const args = ["compare", listed("baseline", 3), listed("slower"), "--report", run!];
  const { code, stderr } = await ninety(args, home);
  expect(code).toBe(3);
  expect(stderr).toContain("--report must be a folder of its own");
  expect(existsSync(join(run!, "report.html"))).toBe(false);
});
