import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ninety, ROOT, start } from "../support/ninety.ts";

let folder = "";
beforeEach(() => {
  // Below the repository, so that `import "ninety"` finds the package itself.
  mkdirSync(join(ROOT, "reports"), { recursive: true });
  folder = mkdtempSync(join(ROOT, "reports", "test-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("help names every command and the exit codes", async () => {
  const { code, stdout } = await ninety(["--help"]);
  expect(code).toBe(0);
  for (const word of [
    "run",
    "plan",
    "check",
    "report",
    "heal",
    "list",
    "new",
    "doctor",
    "cluster",
  ]) {
    expect(stdout).toMatch(new RegExp(`^  ${word} `, "m"));
  }
  expect(stdout).toContain("5 heal failed: still disturbed");
});

test("an unknown command, option or experiment is exit 3", async () => {
  expect((await ninety(["explode"])).code).toBe(3);
  expect((await ninety(["run", "--explode"])).code).toBe(3);
  const unknown = await ninety(["run", "no-such-thing"]);
  expect(unknown.code).toBe(3);
  expect(unknown.stderr).toContain("gpu-loss");
  expect(unknown.stderr).not.toContain("did you mean");
});

test.each([
  ["gpu-los", "gpu-loss"],
  ["gpu-lsos", "gpu-loss"],
  ["experiments/gpu-los.experiment.ts", "gpu-loss"],
  ["headlin", "headline"],
])("of a name with a typo, %s, the nearest one is told first", async (typed, meant) => {
  const { code, stderr } = await ninety(["run", typed]);
  expect(code).toBe(3);
  expect(stderr).toContain(`did you mean ${meant}? in experiments/: `);
});

test("a metrics port that is none is exit 3 with field, rule and value", async () => {
  for (const port of ["65536", "http"]) {
    const { code, stderr } = await ninety(["run", "gpu-loss", `--metrics-port=${port}`]);
    expect(code).toBe(3);
    expect(stderr).toContain(`--metrics-port must be 0 to 65535, got ${port}`);
  }
});

const WRONG = `
import { experiment, one } from "ninety";
import { recovery } from "ninety/checks/recovery";
import { gpuLost } from "ninety/faults/gpu-lost";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";
const server = modelServer({ replicas: 3, gpus: 1, probes: "deep" });
export default experiment({
  hypothesis: "wrong",
  stack: [server],
  load: predict({ to: server, rate: "50", connections: ["new"] }),
  slo: { within: "250ms", good: "101%" },
  steady: "5s",
  faults: [gpuLost({ on: one(server.gpus), for: "60", symtom: "crash" })],
  observe: "2m",
  expect: [recovery({ service: 20 })],
});
`;

test("every problem of an experiment is told at once, and nothing is touched", async () => {
  const file = join(folder, "wrong.experiment.ts");
  writeFileSync(file, WRONG);
  const { code, stderr } = await ninety(["run", file], folder);
  expect(code).toBe(3);
  expect(stderr).toContain('load.rate must be a rate such as "50/s", got "50"');
  expect(stderr).toContain('slo.good must be "0%" to "100%", got "101%"');
  expect(stderr).toContain("steady must be 20s");
  expect(stderr).toContain('faults[0].for must be a duration such as "20s", got "60"');
  expect(stderr).toContain("faults[0].symtom is not a field");
  expect(stderr).toContain('expect[0].service must be a duration such as "20s", got 20');
  expect(readdirSync(folder)).toEqual(["wrong.experiment.ts"]);
});

const TOO_MANY = WRONG.replace('rate: "50"', 'rate: "50/s"')
  .replace('good: "101%"', 'good: "99%"')
  .replace('steady: "5s",', "")
  .replace(
    'on: one(server.gpus), for: "60", symtom: "crash"',
    'on: exactly(4, server.gpus), for: "60s"',
  )
  .replace("experiment, one", "exactly, experiment")
  .replace("service: 20", 'service: "20s"');

test("more targets than there can be is exit 3, and nothing is touched", async () => {
  const file = join(folder, "too-many.experiment.ts");
  writeFileSync(file, TOO_MANY);
  const { code, stderr } = await ninety(["run", file], folder);
  expect(code).toBe(3);
  expect(stderr).toMatch(/faults\[0\]\.on .*4/);
  expect(readdirSync(folder)).toEqual(["too-many.experiment.ts"]);
});

test("plan is the same bytes for the same seed, and other bytes for another", async () => {
  const of = async (seed: string): Promise<string> =>
    (await ninety(["plan", "gpu-loss", "--seed", seed, "--json"])).stdout;
  const first = await of("s1");
  expect(await of("s1")).toBe(first);
  expect(await of("s2")).not.toBe(first);
  expect(JSON.parse(first)).toMatchObject({ experiment: "gpu-loss", seed: "s1" });
});

test("a reader that is slow gets all of a large object", async () => {
  // More than a pipe or a socket takes while nobody reads.
  const experiment = join(folder, "large.experiment.ts");
  const original = readFileSync(join(ROOT, "experiments/pod-kill.experiment.ts"), "utf8");
  const hypothesis = "It is large. ".repeat(40_000);
  writeFileSync(
    experiment,
    original.replace(/hypothesis:\s*"[^"]*"/, `hypothesis: "${hypothesis}"`),
  );
  const { child, ended } = start(["plan", experiment, "--json"]);
  child.stdout?.pause();
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  child.stdout?.resume();
  const { code, stdout, stderr } = await ended;
  expect(code, stderr).toBe(0);
  const plan = JSON.parse(stdout) as { readonly hypothesis: string };
  expect(plan.hypothesis === hypothesis, `${plan.hypothesis.length} characters`).toBe(true);
});

test("list and new", async () => {
  const faults = JSON.parse((await ninety(["list", "faults", "--json"])).stdout) as object[];
  expect(faults).toContainEqual({
    name: "pod-kill",
    about: "Deletes a pod, as an eviction, a drain or a hand would.",
    on: ["pod"],
    lasts: "once",
    needs: ["API server"],
    means: ["DELETE by the API server, of the pod with that uid only"],
    evidence: "The pod with that uid, which is gone or ending.",
    params: [
      {
        field: "grace",
        type: "duration",
        rule: "0ms to 10m",
        optional: true,
        default: "0s",
        about: "time to end by itself before it is ended, in whole seconds; 0s: at once",
      },
    ],
  });
  const { stdout } = await ninety(["list", "faults"]);
  for (const line of [
    "node-power-off",
    "    on           node, held for a time",
    "    needs        guard of a local cluster",
    "    needs        node agent, virtual GPUs",
    "    grace        time to end by itself before it is ended, in whole seconds; 0s: at once (duration, 0ms to 10m, default 0s)",
  ])
    expect(stdout.split("\n")).toContain(line);
  expect((await ninety(["new", "Bad Name"], folder)).code).toBe(3);
  expect((await ninety(["list", "everything"])).code).toBe(3);
});

test("check and report want a run", async () => {
  const check = await ninety(["check", folder]);
  expect(check.code).toBe(3);
  expect(check.stderr).toContain("plan.json");
  expect((await ninety(["report", join(folder, "none")])).code).toBe(3);
});

const OWN_IMAGE = `
import { experiment, one } from "ninety";
import { recovery } from "ninety/checks/recovery";
import { podKill } from "ninety/faults/pod-kill";
import { requests } from "ninety/load/requests";
import { manifests } from "ninety/parts/manifests";
const envoy = manifests(new URL("../../test/fixtures/envoy/", import.meta.url), {
  request: { path: "/", expect: {} },
});
export default experiment({
  hypothesis: "Its image is not there.",
  cluster: { images: ["./no-such-image.tar"] },
  stack: [envoy],
  load: requests({ to: envoy, rate: "20/s", connections: ["new"] }),
  slo: { within: "250ms", good: "99%" },
  steady: "20s",
  faults: [podKill({ on: one(envoy.pods) })],
  observe: "60s",
  expect: [recovery({ service: "10s" })],
});
`;

test("an archive of images is told by plan, and one that is not there is exit 4", async () => {
  const file = join(folder, "own-image.experiment.ts");
  writeFileSync(file, OWN_IMAGE);
  const plan = await ninety(["plan", file]);
  expect(plan.stderr).toBe("");
  expect(plan.stdout).toContain("images on every node: ./no-such-image.tar");
  expect(plan.stdout).toContain("part envoy: ConfigMap, Service, Deployment");
  const instance = ["--instance", "test-no-image"];
  for (const command of [
    ["run", file],
    ["cluster", "up", "--image", "./no-such-image.tar"],
  ]) {
    const { code, stderr } = await ninety([...command, ...instance]);
    expect(stderr).toContain("image archive ./no-such-image.tar: must be a file that is there");
    expect(code).toBe(4);
  }
});
