// Suites through the front door, as far as they need no cluster.
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { SuiteRecord } from "../../src/model/suite.ts";
import { ninety, ROOT } from "../support/ninety.ts";

const TWO = join(ROOT, "test/suites/two.suite.ts");

let folder = "";
beforeEach(() => {
  // Below the repository, so that `import "ninety"` finds the package itself.
  mkdirSync(join(ROOT, "reports"), { recursive: true });
  folder = mkdtempSync(join(ROOT, "reports", "test-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, options: string): string => {
  const file = join(folder, `${name}.suite.ts`);
  writeFileSync(file, `import { suite } from "ninety";\nexport default suite(${options});\n`);
  return file;
};
const run = (file: string, ...args: string[]) => ninety(["run", file, ...args], folder);

describe("before anything is touched", () => {
  test("every problem of a suite and of its experiments is told at once", async () => {
    const broken = `import { experiment } from "ninety"; export default experiment({ hypothesis: "" });`;
    writeFileSync(join(folder, "broken.experiment.ts"), broken);
    const file = write(
      "wrong",
      `{
        about: "",
        runs: {
          "no-such-thing": { must: "pass" },
          "../../etc": { must: "pass" },
          "pod-kill": { must: "explode", service: { other: "RECOVERED" }, capacity: "GONE" },
          broken: { must: "fail" },
        },
        contrasts: [{ title: "t", before: "pod-kill", after: "canary", lane: "all", why: "" }],
      } as never`,
    );
    const { code, stderr } = await run(file);
    expect(code).toBe(3);
    for (const part of [
      "about must be text that is not empty",
      "runs.no-such-thing: no such experiment beside the suite or in experiments/: ",
      "runs.../../etc: no such experiment",
      'runs.pod-kill.must must be pass | fail | unknown, got "explode"',
      "runs.pod-kill.service.other is not a scenario of the experiment; known: new, reused",
      "runs.pod-kill.capacity must be MASKED | RECOVERED",
      "runs.broken: stack is missing",
      "contrasts[0].lane must be service | capacity",
    ]) {
      expect(stderr).toContain(part);
    }
    expect(readdirSync(folder).sort()).toEqual(["broken.experiment.ts", "wrong.suite.ts"]);
  });

  test("a suite is not named as an experiment", async () => {
    const { code, stderr } = await run(write("pod-kill", `{ about: "a", runs: {} }`));
    expect(code).toBe(3);
    expect(stderr).toContain("must not be that of an experiment, got pod-kill");
    expect(stderr).toContain("runs must be an object of 1 to 50 runs, got 0 runs");
  });

  test("options that do not go together are exit 3", async () => {
    const wrong: readonly (readonly [said: string, ...args: string[]])[] = [
      ["--parallel must be 1 to 4, got 5", TWO, "--parallel", "5"],
      ["--parallel must be 1 to 4, got two", TWO, "--parallel", "two"],
      ["--keep is for one experiment", TWO, "--keep"],
      ["--metrics-port must be 0 with", TWO, "--parallel", "2", "--metrics-port", "9090"],
      ["--parallel must be 1 with --context", TWO, "--parallel", "2", "--context", "c"],
      ["--instance must have at most 29", TWO, "--instance", "i".repeat(30)],
      ["seed must be 1 to 64", TWO, "--seed", "a b"],
      ["--quick and --parallel are for suites", "pod-kill", "--quick"],
      ["suite must be a file", "no-such.suite.ts"],
    ];
    for (const [said, file = "", ...args] of wrong) {
      const { code, stderr } = await run(file, ...args);
      expect(code, stderr).toBe(3);
      expect(stderr).toContain(
        said.replace("suite must be a file", "cannot load no-such.suite.ts"),
      );
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  test("--quick that leaves nothing is no pass", async () => {
    const long = write(
      "long",
      `{ about: "a", runs: { "pod-kill": { must: "pass", long: true } } }`,
    );
    const { code, stderr } = await run(long, "--quick");
    expect(code).toBe(3);
    expect(stderr).toContain("--quick leaves no run of long");
  });

  test("plan tells the runs and what they take, the same bytes for the same seed", async () => {
    const plan = async (...args: string[]): Promise<string> =>
      (await ninety(["plan", TWO, ...args])).stdout;
    const text = await plan("--seed", "s");
    expect(text).toContain("pod-kill must pass: at most 2.2 min");
    expect(text).toContain("contrast canary-broken → pod-kill");
    const json = await plan("--seed", "s", "--json");
    expect(await plan("--seed", "s", "--json")).toBe(json);
    expect(JSON.parse(json)).toMatchObject({ suite: "two", seed: "s", phasesMs: 220_000 });
  });

  test("list suites", async () => {
    const { code, stdout } = await ninety(["list", "suites", "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toBeInstanceOf(Array);
  });
});

test("a run that could not begin is no result: exit 2, and told everywhere", async () => {
  const one = write(
    "one",
    `{
      about: "a",
      runs: { "pod-kill": { must: "pass" }, "gpu-loss": { must: "pass", long: true } },
      contrasts: [{ title: "t", before: "gpu-loss", after: "pod-kill", lane: "capacity", why: "w" }],
    }`,
  );
  const { code, stdout, stderr } = await run(one, "--quick", "--json", "--context", "no-such");
  expect(code, stderr).toBe(2);
  const suite = JSON.parse(stdout) as SuiteRecord & { folder: string };
  expect(suite).toMatchObject({
    asStated: "unknown",
    quick: true,
    runs: [{ experiment: "pod-kill", result: null, asStated: "unknown" }],
    leftOut: [{ experiment: "gpu-loss" }],
    contrasts: [{ pairs: [], notCompared: "gpu-loss was left out" }],
  });
  expect(suite.runs[0]?.why[0]).toContain("no result: ");
  expect(stderr).toMatch(/^pod-kill +error: /m);
  const files = readdirSync(suite.folder).sort();
  expect(files).toEqual(["junit.xml", "report.html", "report.md", "suite.json"]);
  for (const file of files) {
    expect(readFileSync(join(suite.folder, file), "utf8"), file).toContain("left out by --quick");
  }
});

describe("a suite that has ended", () => {
  const suiteJson = (): string => join(folder, "suite.json");
  const read = (): SuiteRecord => JSON.parse(readFileSync(suiteJson(), "utf8")) as SuiteRecord;
  beforeEach(() => cpSync(join(ROOT, "test/golden/suites/small.json"), suiteJson()));

  test("is compared again, and exits by what is stated", async () => {
    const { code, stdout, stderr } = await ninety(["check", folder, "--json"]);
    expect(code).toBe(1);
    expect(stderr).toContain("0 of 5 runs judged again from their records");
    const { exit, folder: told, ...rest } = JSON.parse(stdout) as Record<string, unknown>;
    expect({ exit, told }).toEqual({ exit: 1, told: folder });
    expect(rest).toEqual(read());
  });

  test("is rendered again, to the same bytes", async () => {
    const first = await ninety(["report", folder, "--json"]);
    expect(first.code, first.stderr).toBe(0);
    const { files } = JSON.parse(first.stdout) as { files: string[] };
    expect(files.map((file) => file.slice(folder.length + 1))).toEqual([
      "report.html",
      "junit.xml",
      "report.md",
    ]);
    const bytes = (): readonly string[] => files.map((file) => readFileSync(file, "utf8"));
    const before = bytes();
    expect((await ninety(["report", folder])).code).toBe(0);
    expect(bytes()).toEqual(before);
  });

  test("has its runs judged again from their records where they are there", async () => {
    cpSync(join(ROOT, "test/golden/records/small"), join(folder, "a-run"), { recursive: true });
    const [, , node] = read().runs;
    const one = {
      ...node!,
      folder: "a-run",
      stated: { must: "pass", service: {}, capacity: null },
    };
    writeFileSync(suiteJson(), JSON.stringify({ ...read(), runs: [one], contrasts: [] }));
    // It was kept as fail; its record says pass.
    const again = await ninety(["check", folder, "--json"]);
    expect(again.code, again.stderr).toBe(0);
    const events = join(folder, "a-run/events.ndjson");
    const unproved = readFileSync(events, "utf8").replace('"edge":"proved"', '"edge":"unproved"');
    writeFileSync(events, unproved);
    expect((await ninety(["check", folder])).code).toBe(2);
  });

  test("a file that is none is exit 3", async () => {
    for (const text of [
      "{",
      "{}",
      '{"schema":1,"suite":"x","runs":[{}],"contrasts":[],"leftOut":[]}',
    ]) {
      writeFileSync(suiteJson(), text);
      const { code, stderr } = await ninety(["check", folder]);
      expect(code, stderr).toBe(3);
    }
  });
});
