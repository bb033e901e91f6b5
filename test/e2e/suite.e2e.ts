// Suites on the real local cluster: side by side, and interrupted.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { cacheRoot } from "../../src/cli/folders.ts";
import type { SuiteRecord } from "../../src/model/suite.ts";
import { seeReport } from "../support/report-page.ts";
import { ninety, ROOT, start, type Ended } from "../support/ninety.ts";
import { parseXml } from "../support/xml.ts";

const INSTANCE = "suite-e2e";
const TWO = join(ROOT, "test/suites/two.suite.ts");

afterAll(async () => {
  for (const nth of [1, 2]) await ninety(["cluster", "down", "--instance", `${INSTANCE}-${nth}`]);
});

type Told = SuiteRecord & { readonly folder: string };
function suiteOf(ended: Ended): Told {
  try {
    return JSON.parse(ended.stdout) as Told;
  } catch {
    throw new Error(`no suite (exit ${ended.code}):\n${ended.stderr.slice(-4_000)}`);
  }
}

/** What is left on this machine of the clusters of a suite's runs. */
function leftOvers(): readonly string[] {
  const ours = (text: string): boolean => text.includes(`${INSTANCE}-`);
  const processes = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")];
      } catch {
        return [];
      }
    });
  const mounts = readFileSync("/proc/self/mounts", "utf8").split("\n");
  const named = ["-maxdepth", "5", "-type", "d", "-name", `ninety-${INSTANCE}-*`];
  const cgroups = spawnSync("find", ["/sys/fs/cgroup", ...named], { encoding: "utf8" }).stdout;
  const states = [1, 2].map((nth) => join(cacheRoot(), "clusters", `${INSTANCE}-${nth}`));
  return [
    ...[...processes, ...mounts, ...cgroups.split("\n")].filter(ours),
    ...states.filter((state) => existsSync(state)),
  ];
}

test("two runs side by side, each as stated, one report that opens by itself", async () => {
  const args = ["run", TWO, "--json", "--parallel", "2", "--instance", INSTANCE];
  const ended = await ninety(args);
  const suite = suiteOf(ended);
  expect(suite.runs.flatMap(({ experiment, why }) => why.map((one) => [experiment, one]))).toEqual(
    [],
  );
  expect(suite.asStated).toBe("yes");
  expect(ended.code, ended.stderr.slice(-2_000)).toBe(0);
  expect(suite.runs.map(({ result }) => result?.outcome)).toEqual(["pass", "fail"]);
  // Every run has a record of its own, and is judged from it again to the same.
  for (const { folder } of suite.runs) {
    expect(existsSync(resolve(suite.folder, folder ?? "", "report.html"))).toBe(true);
  }
  const again = await ninety(["check", suite.folder, "--json"]);
  expect(again.code, again.stderr).toBe(0);
  expect(suiteOf(again)).toEqual(suite);
  // All replicas at once take longer than one of three.
  const [contrast] = suite.contrasts;
  expect(contrast).toMatchObject({ level: "virtual-gpu", notCompared: "" });
  for (const { ratio } of contrast?.pairs ?? []) {
    expect(ratio.is === "absent" ? 0 : ratio.low).toBeGreaterThan(1);
  }
  expect(ended.stderr).toMatch(/^pod-kill +\d\d:/m);
  expect(ended.stderr).toMatch(/^canary-broken +\d\d:/m);
  const cases = parseXml(readFileSync(join(suite.folder, "junit.xml"), "utf8")).children[0];
  expect(cases?.attributes).toMatchObject({ tests: "2", failures: "0", errors: "0" });
  await opensByItself(join(suite.folder, "report.html"));
  expect(leftOvers()).toEqual([]);
});

/** In a real browser: no message, no request but for the file itself, and anyone can read it. */
async function opensByItself(file: string): Promise<void> {
  const seen = await seeReport(file, {
    look: async (page) => {
      expect(await page.locator("h1").textContent()).toBe("two");
      expect(await page.locator("figure.contrast svg").count()).toBe(1);
      const link = page.getByRole("link", { name: "pod-kill" });
      const target = await link.evaluate(
        (element) => (element as unknown as { href: string }).href,
      );
      expect(existsSync(new URL(target))).toBe(true);
    },
  });
  expect(seen).toEqual({ said: [], asked: [], violations: [] });
}

test("Ctrl-C in the middle reaches every run: healed, torn down, exit 130", async () => {
  const running = start(["run", TWO, "--json", "--parallel", "2", "--instance", INSTANCE]);
  await Promise.all([
    running.said(/^pod-kill .*phase steady/m, 240_000),
    running.said(/^canary-broken .*phase warmup/m, 240_000),
  ]);
  running.child.kill("SIGINT");
  const ended = await running.ended;
  expect(ended.code, ended.stderr.slice(-2_000)).toBe(130);
  const suite = suiteOf(ended);
  expect(suite.asStated).toBe("unknown");
  for (const run of suite.runs) {
    expect(run).toMatchObject({ exit: 130, result: null });
    expect(run.noResult).toContain("interrupted");
  }
  expect(leftOvers()).toEqual([]);
});
