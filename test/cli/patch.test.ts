// --patch through the front door, as far as it needs no cluster: what a run would be made with.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Plan } from "../../src/model/plan.ts";
import { ninety } from "../support/ninety.ts";

/** No cluster can have that name: what should be refused before cannot start one. */
const NONE = ["--instance", "NO"];
const PERIOD = "/spec/template/spec/containers/0/readinessProbe/periodSeconds";
const PATCH = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  name: "server",
  operations: [{ op: "add", path: PERIOD, value: 1 }],
};
const advice = (object: string, patch: object | null) => ({
  lane: "service",
  scenario: "new",
  object,
  setting: "readinessProbe",
  from: 1,
  to: 2,
  savesMs: 1,
  risk: "r",
  patch,
});

let home = "";
let file = "";
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "ninety-patch-"));
  file = write("advice.json", PATCH);
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

function write(name: string, value: unknown): string {
  const path = join(home, name);
  writeFileSync(path, typeof value === "string" ? value : JSON.stringify(value));
  return path;
}

/** The folder of a run that has such advice. */
function runWith(name: string, ...episodes: readonly (readonly object[])[]): string {
  const folder = join(home, "reports/runs/pod-kill", name);
  mkdirSync(folder, { recursive: true });
  const measurement = { episodes: episodes.map((all) => ({ advice: all })) };
  writeFileSync(join(folder, "measurement.json"), JSON.stringify(measurement));
  return folder;
}

const plan = (...args: readonly string[]) =>
  ninety(["plan", "pod-kill", "--seed", "s", "--instance", "none", ...args], home);
async function planned(...args: readonly string[]): Promise<Plan> {
  const { code, stdout, stderr } = await plan("--json", ...args);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Plan;
}
const probes = (made: Plan): readonly number[] =>
  [...JSON.stringify(made.stack).matchAll(/"readinessProbe":\{[^}]*\}[^}]*\}/g)].map(([text]) =>
    Number(/"periodSeconds":(\d+)/.exec(text)?.[1]),
  );

test("the plan has the patched stack and says what was patched; nothing else differs", async () => {
  const [before, after] = await Promise.all([planned(), planned("--patch", file)]);
  expect([probes(before)[0], probes(after)[0]]).toEqual([2, 1]);
  expect(before).not.toHaveProperty("patches");
  expect(after.patches).toEqual([PATCH]);
  const { stack: _before, ...left } = before;
  const { stack: _after, patches: _patches, ...right } = after;
  expect(right).toEqual(left);
  const { stdout } = await plan("--patch", file);
  expect(stdout).toContain(`  patched Deployment/server: add ${PERIOD} = 1`);
});

test("its hash covers the patch: the plan without it is another, and so is not run", async () => {
  const hashOf = async (...args: readonly string[]): Promise<string> =>
    / plan ([0-9a-f]{64})/.exec((await plan(...args)).stdout)?.[1] ?? "";
  const [bare, patched] = await Promise.all([hashOf(), hashOf("--patch", file)]);
  expect(patched).toMatch(/^[0-9a-f]{64}$/);
  expect(patched).not.toBe(bare);
  const args = ["run", "pod-kill", "--seed", "s", "--patch", file, "--plan-hash", bare, ...NONE];
  const { code, stderr } = await ninety(args, home);
  expect(code).toBe(4);
  expect(stderr).toContain(`the plan must have SHA-256 ${bare}, got ${patched}`);
});

test("a patch that does not apply is exit 3 with op, path, rule and value, and touches nothing", async () => {
  const path = PERIOD.replace("/0/", "/7/");
  const wrong = write("wrong.json", [
    { ...PATCH, operations: [{ op: "replace", path, value: 1 }] },
  ]);
  for (const command of ["plan", "run"]) {
    const { code, stderr } = await ninety([command, "pod-kill", "--patch", wrong, ...NONE], home);
    expect(code, stderr).toBe(3);
    expect(stderr).toContain(
      `error: Deployment/server: replace ${path}: /spec/template/spec/containers/7 must be 0 to 0, ` +
        "got a list of 1",
    );
  }
  expect(readdirSync(home)).not.toContain("reports");
});

test("the nth advice of an earlier run, counted through its episodes", async () => {
  const other = { ...PATCH, operations: [{ op: "add", path: PERIOD, value: 3 }] };
  const node = advice("Node", null);
  const several = runWith(
    "20260101T000000Z-s",
    [advice("Deployment/server/server", PATCH), node],
    [advice("Deployment/server/server", other)],
  );
  expect((await planned("--patch", several, "--advice", "3")).patches).toEqual([other]);
  expect((await planned("--patch", "20260101T000000Z-s", "--advice", "1")).patches).toEqual([
    PATCH,
  ]);
  const one = runWith("20260102T000000Z-s", [node, advice("Deployment/server/server", PATCH)]);
  expect((await planned("--patch", one)).patches).toEqual([PATCH]);
  const wrong: readonly (readonly [said: string, ...args: readonly string[]])[] = [
    ["--advice must be 1 to 3 of", "--patch", several],
    [
      "3: service, new: readinessProbe of Deployment/server/server to 2",
      "--patch",
      several,
      "--advice",
      "4",
    ],
    [
      "must be one with a patch, got 2: service, new: readinessProbe of Node",
      "--patch",
      several,
      "--advice",
      "2",
    ],
    ["must have advice, got none", "--patch", runWith("20260103T000000Z-s", [])],
    ["--advice is for the folder of a run, got the file", "--patch", file, "--advice", "1"],
    ["--advice must stand with --patch, got 1", "--advice", "1"],
    ["--patch must be a file, or the folder or name of a run, got nowhere", "--patch", "nowhere"],
    ["must be JSON", "--patch", write("broken.json", "{")],
  ];
  for (const [said, ...args] of wrong) {
    const { code, stderr } = await plan(...args);
    expect(code, stderr).toBe(3);
    expect(stderr).toContain(said);
  }
});

test("a plan that was patched is a patch, so that its run can be made again", async () => {
  const made = await planned("--patch", file);
  const again = await planned("--patch", write("plan.json", made));
  expect(again).toEqual(made);
});

test("suites, and plans as Chaos Mesh, take none", async () => {
  const wrong = [
    ["run", "headline", "--patch", file],
    ["plan", "headline", "--patch", file],
    ["plan", "pod-kill", "--as", "chaos-mesh", "--patch", file],
  ];
  for (const args of wrong) {
    const { code, stderr } = await ninety([...args, ...NONE], home);
    expect(code, stderr).toBe(3);
    expect(stderr).toContain("--patch is for ");
  }
});

test("the help names it", async () => {
  for (const command of ["run", "plan"]) {
    expect((await ninety([command, "--help"])).stdout).toContain("--patch <file>");
  }
});
