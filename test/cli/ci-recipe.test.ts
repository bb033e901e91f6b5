// docs/CI.md: its script is run as far as it goes without a cluster, its workflow without GitHub.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { EXIT } from "../../src/model/error.ts";
import { ninety, ROOT } from "../support/ninety.ts";
import { writeRun } from "../support/run-folders.ts";
import { problems } from "../support/schemas.ts";
import { parseXml } from "../support/xml.ts";

const page = readFileSync(join(ROOT, "docs/CI.md"), "utf8");

/** The one block of that language. */
function block(language: string): string {
  const found = [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, "gm"))];
  expect(found).toHaveLength(1);
  return found[0]?.[1] ?? "";
}

let folder = "";
beforeEach(() => {
  mkdirSync(join(ROOT, "reports"), { recursive: true });
  folder = mkdtempSync(join(ROOT, "reports", "test-"));
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(folder, "ninety.sh"), block("sh"));
  cpSync(join(ROOT, "docs/example-record"), join(folder, "record"), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Said {
  readonly code: number | null;
  readonly out: string;
}

function bash(argv: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Said {
  const path = `${join(folder, "bin")}:${process.env["PATH"]}`;
  const own = { ...process.env, NINETY_RESULTS: join(folder, "results"), NO_COLOR: "1" };
  const ended = spawnSync("bash", argv, {
    cwd,
    encoding: "utf8",
    env: { ...own, PATH: path, ...env },
  });
  return { code: ended.status, out: `${ended.stdout}${ended.stderr}` };
}

const script = (...args: readonly string[]): Said =>
  bash([join(folder, "ninety.sh"), ...args], ROOT);
const result = (name: string): string => readFileSync(join(folder, "results", name), "utf8");

function program(name: string, text: string): void {
  const file = join(folder, "bin", name);
  writeFileSync(file, `#!/usr/bin/env bash\nset -eu\n${text}`);
  chmodSync(file, 0o755);
}

describe("the script", () => {
  test("a record that passes: exit 0, and every file that a pipeline keeps", () => {
    const { code, out } = script("check", join(folder, "record"));
    expect(code, out).toBe(0);
    expect(out).toContain("ninety: pass");
    expect(result("exit")).toBe("0\n");
    expect(result("report.md")).toContain("shop-loses-a-pod");
    expect(result("report.html")).toContain("<h1>shop-loses-a-pod</h1>");
    expect(parseXml(result("junit.xml")).children[0]?.attributes).toMatchObject({ failures: "0" });
    expect(JSON.parse(result("result.json"))).toMatchObject({ outcome: "pass" });
    expect(problems("report", JSON.parse(result("report.json")))).toEqual([]);
  });

  test("a limit that is missed is exit 1, requests that are lost exit 2", () => {
    const plan = join(folder, "record/plan.json");
    const text = readFileSync(plan, "utf8");
    writeFileSync(plan, text.replace('"serviceMs": 5000', '"serviceMs": 100'));
    const failed = script("check", join(folder, "record"));
    expect(failed.code, failed.out).toBe(1);
    expect(failed.out).toContain("ninety: fail");
    writeFileSync(plan, text);
    const requests = join(folder, "record/requests.ndjson");
    writeFileSync(requests, readFileSync(requests, "utf8").split("\n").slice(0, -2).join("\n"));
    const unknown = script("check", join(folder, "record"));
    expect(unknown.code, unknown.out).toBe(2);
    expect(result("report.md")).toContain("UNKNOWN");
  });

  test("what is no experiment and no record is exit 3, without a report", () => {
    for (const args of [
      ["check", join(folder, "nothing")],
      ["run", "no-such-thing"],
      ["watch", "gpu-loss"],
    ]) {
      const { code, out } = script(...args);
      expect(code, out).toBe(3);
    }
    expect(existsSync(join(folder, "results/report.md"))).toBe(false);
  });

  test("before a run it tells the plan", () => {
    const text = block("sh").replace(/^if \[ "\$what" = gate \].*$/m, "exit 0");
    writeFileSync(join(folder, "ninety.sh"), text);
    const { code, out } = script("run", "gpu-loss");
    expect(code, out).toBe(0);
    expect(out).toMatch(/\b[0-9a-f]{64}\b/);
    expect(readdirSync(join(folder, "results"))).toEqual([]);
  });
});

const SPREAD = [4, 4.4, 4.2, 4.8, 4.6, 5, 4.3, 4.7, 4.5, 4.9];

/** `npx ninety run` gives the next of these records; all else is the real one. */
function runsThatGive(...outagesS: readonly number[]): void {
  const next = join(folder, "next");
  outagesS.forEach((outageS, nth) => {
    writeRun(next, 11 + nth, { outageS, podAwayS: [1, 8 + outageS] });
  });
  const real = `node ${join(ROOT, "bin/ninety.js")}`;
  program(
    "npx",
    [
      "shift",
      `if [ "$1" != run ]; then exec ${real} "$@"; fi`,
      `run="$(ls ${next} | head -n 1)"`,
      `mkdir -p ${folder}/runs && mv ${next}/"$run" ${folder}/runs/`,
      `exec ${real} check ${folder}/runs/"$run" --json`,
      "",
    ].join("\n"),
  );
}

describe("the gate", () => {
  test("runs until it has seen a regression, and not once more", async () => {
    const repeats = SPREAD.map((outageS, nth) =>
      writeRun(join(folder, "repeats"), nth + 1, { outageS, podAwayS: [1, 8 + outageS] }),
    );
    const accept = await ninety(["baseline", "accept", ...repeats, "--name", "made"], folder);
    expect(accept.code, accept.stderr).toBe(0);
    const baseline = join(folder, "reports/baselines/made");
    runsThatGive(...SPREAD.slice(0, 7).map((s) => s * 2.4));
    const { code, out } = script("gate", "gpu-loss", baseline);
    expect(code, out).toBe(1);
    const asked = out.match(/gate at run \d+: exit \d/g);
    expect(asked?.slice(-2)).toEqual(["gate at run 4: exit 2", "gate at run 5: exit 1"]);
    expect(result("exit")).toBe("1\n");
    expect(result("gate.txt")).toContain("FAIL  made: 5 runs against a baseline of 10");
    expect(result("report.md")).toMatch(/^```text\nFAIL {2}made[^]*```\n\n### `made`: PASS/);
    const args = [join(folder, "ninety.sh"), "gate", "gpu-loss", baseline];
    const once = bash(args, ROOT, { NINETY_RUNS: "1" });
    expect(once.code, once.out).toBe(2);
  }, 240_000);

  test("ends with a run that is unknown, and where nothing can be compared", () => {
    runsThatGive(4, 4);
    const record = join(folder, "next", readdirSync(join(folder, "next")).sort()[1]!);
    rmSync(join(record, "requests.ndjson"));
    const nothing = script("gate", "gpu-loss", join(folder, "nothing"));
    expect(nothing.code, nothing.out).toBe(3);
    expect(nothing.out).toContain("gate at run 1: exit 3");
    const unknown = script("gate", "gpu-loss", join(folder, "nothing"));
    expect(unknown.code, unknown.out).toBe(2);
    expect(unknown.out).not.toContain("gate at run");
  });
});

interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly if?: string;
}
const workflow = parse(block("yaml")) as {
  readonly on: object;
  readonly permissions: object;
  readonly jobs: Readonly<Record<string, { readonly steps: readonly Step[] }>>;
};
const steps = workflow.jobs["ninety"]?.steps ?? [];

describe("the workflow", () => {
  test("is YAML of a job whose steps do one thing each, in a shell that reads them", () => {
    expect(Object.keys(workflow.on)).toEqual(["pull_request", "schedule", "workflow_dispatch"]);
    expect(workflow.permissions).toEqual({ contents: "read", "pull-requests": "write" });
    for (const { uses, run } of steps) {
      expect([uses, run].filter((one) => one !== undefined)).toHaveLength(1);
      if (uses !== undefined) expect(uses).toMatch(/^actions\/[a-z-]+@v\d+$/);
      if (run === undefined) continue;
      // What somebody else may name comes through the environment, not into the text of a script.
      expect(run).not.toContain("${{");
      expect(spawnSync("bash", ["-n"], { input: run, encoding: "utf8" }).stderr).toBe("");
    }
    const runs = steps.map(({ run = "" }) => run).join("\n");
    for (const part of ["npm ci", "ci/ninety.sh", "ninety-results/report.md"]) {
      expect(runs).toContain(part);
    }
    // What is kept is kept of a run that failed, too.
    const kept = steps.filter(({ uses, run }) => /upload-artifact|report\.md/.test(uses ?? run!));
    expect(kept.map((step) => step.if?.startsWith("always()"))).toEqual([true, true, true]);
  });

  const comment = (known: string): Said => {
    // Answers as `gh api` does, and keeps what it was asked.
    program(
      "gh",
      `echo "$*" >>asked\ncase "$*" in *--jq*) printf '%s' "$KNOWN" ;; *) cp comment.md body ;; esac\n`,
    );
    const { run = "" } = steps.find(({ name }) => name === "Tell the pull request") ?? {};
    const env = { GITHUB_REPOSITORY: "us/shop", PULL_REQUEST: "7", KNOWN: known };
    return bash(["-e", "-c", run], folder, env);
  };
  const asked = (): string => readFileSync(join(folder, "asked"), "utf8");

  test("comments once, and then changes its comment", () => {
    mkdirSync(join(folder, "ninety-results"));
    writeFileSync(join(folder, "ninety-results/report.md"), "é".repeat(40_000));
    expect(comment("")).toEqual({ code: 0, out: "" });
    const post = "--method POST repos/us/shop/issues/7/comments --field body=@comment.md";
    expect(asked()).toContain(post);
    const body = readFileSync(join(folder, "body"), "utf8");
    expect(body).toMatch(/^<!-- ninety -->\né+$/);
    expect(body.length).toBeLessThan(65_536);
    rmSync(join(folder, "asked"));
    expect(comment("12\n34\n")).toEqual({ code: 0, out: "" });
    expect(asked()).toContain("--method PATCH repos/us/shop/issues/comments/12 ");
    expect(asked()).not.toContain("POST");
  });

  test("says nothing where there is no report", () => {
    expect(comment("")).toEqual({ code: 0, out: "" });
    expect(existsSync(join(folder, "asked"))).toBe(false);
  });
});

test("the page tells every exit code", () => {
  for (const code of Object.values(EXIT))
    expect(page).toMatch(new RegExp(`^\\|.*\\b${code}\\b`, "m"));
});
