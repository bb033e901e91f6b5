// What a run leaves for those who look for the cause, and a run that ends itself.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ARTIFACT_MAX_BYTES, ARTIFACTS_MAX_BYTES } from "../../src/kernel/artifacts-keep.ts";
import { COLLECT_MAX_MS } from "../../src/kernel/artifacts.ts";
import type { ArtifactIndex } from "../../src/model/artifact.ts";
import type { Event } from "../../src/model/event.ts";
import { isGood, type Request } from "../../src/model/request.ts";
import { ninety, ROOT, start } from "../support/ninety.ts";

const INSTANCE = "post-e2e";
const at = ["--instance", INSTANCE];
let folder = "";

beforeAll(async () => {
  // Below the repository, so that `import "ninety"` finds the package itself.
  mkdirSync(join(ROOT, "reports"), { recursive: true });
  folder = mkdtempSync(join(ROOT, "reports", "test-"));
  const up = await ninety(["cluster", "up", "--nodes", "1", "--gpus", "1", ...at]);
  expect(up.code, up.stderr).toBe(0);
});
afterAll(async () => {
  const down = await ninety(["cluster", "down", ...at]);
  rmSync(folder, { recursive: true, force: true });
  expect(down.code, down.stderr).toBe(0);
});

function experimentFile(name: string, options: string): string {
  const file = join(folder, `${name}.experiment.ts`);
  writeFileSync(
    file,
    `import { experiment, one } from "ninety";
import { recovery } from "ninety/checks/recovery";
import { gpuLost } from "ninety/faults/gpu-lost";
import { podKill } from "ninety/faults/pod-kill";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";
${options}`,
  );
  return file;
}

/** The one run below the folder, and readers of its files. */
function runOf(experiment: string): {
  readonly run: string;
  readonly text: (path: string) => string;
  readonly files: readonly string[];
  readonly index: ArtifactIndex;
  readonly events: readonly Event[];
} {
  const runs = join(folder, "reports/runs", experiment);
  const run = join(runs, readdirSync(runs).sort().at(-1) ?? "");
  const text = (path: string): string => readFileSync(join(run, path), "utf8");
  const lines = text("events.ndjson").trim().split("\n");
  return {
    run,
    text,
    files: readdirSync(join(run, "artifacts"), { recursive: true, encoding: "utf8" }),
    index: JSON.parse(text("artifacts/index.json")) as ArtifactIndex,
    events: lines.map((line) => JSON.parse(line) as Event),
  };
}

interface InvalidTry {
  readonly folder: string;
  readonly why: readonly string[];
}

const SECRET = "Zq9-hunter2-Zq9";
/** Runs, says a secret, crashes once after a while, and says why. */
const PROGRAM = `
console.log("starting with token=" + process.env.DB_PASSWORD);
setTimeout(() => { console.error("FATAL: the disk of the model is gone"); process.exit(3); }, 22000);
`;

const POST_MORTEM = `
const server = modelServer({ replicas: 1, probes: "shallow-fast" });
const labels = { "ninety/part": "crasher" };
const crasher = {
  part: "crasher",
  problems: [],
  planned: {
    part: "crasher", selector: "ninety/part=crasher", replicas: null, gpusPerPod: 0, service: null,
    objects: [{
      apiVersion: "v1", kind: "Pod", metadata: { name: "crasher", labels },
      spec: {
        terminationGracePeriodSeconds: 1,
        automountServiceAccountToken: false,
        containers: [{
          name: "crasher", image: "programs", args: ["-e", ${JSON.stringify(PROGRAM)}],
          env: [{ name: "DB_PASSWORD", value: "${SECRET}" }],
        }],
      },
    }],
  },
};
export default experiment({
  hypothesis: "A crash can be explained afterwards.",
  stack: [server, crasher],
  cluster: { nodes: 1, gpusPerNode: 0 },
  load: predict({ to: server, rate: "20/s", connections: ["new"] }),
  // No answer comes so fast: the steady phase is INVALID, and the run is tried once more.
  slo: { within: "1ms", good: "99.9%" },
  warmup: "2s",
  steady: "20s",
  faults: [podKill({ on: one(server.pods), grace: "0s" })],
  accepts: ["pdb-broken"],
  observe: "10s",
  expect: [recovery({ service: "20s" })],
});
`;

test("a run leaves the logs of what crashed, of what was killed, and of the cluster", async () => {
  const file = experimentFile("post-mortem", POST_MORTEM);
  const ended = await ninety(["run", file, "--json", ...at], folder);
  const { text, files, index, events, run } = runOf("post-mortem");
  const html = text("report.html");
  for (const { path } of index.files) expect(html).toContain(`href="artifacts/${path}"`);
  expect(ended.stderr).not.toContain("TypeError");
  const result = JSON.parse(ended.stdout) as { folder: string; invalidTries: InvalidTry[] };
  expect(ended.code).toBe(2);
  expect(result.folder).toBe(run);
  expect(result.invalidTries).toHaveLength(1);
  const [earlier] = result.invalidTries;
  expect(earlier?.folder).not.toBe(run);
  expect(existsSync(join(earlier?.folder ?? "", "artifacts/index.json"))).toBe(true);
  expect(earlier?.why.join()).toMatch(/reasons against the steady phase/);

  const lane = "artifacts/logs/ninety-post-mortem";
  expect(text(`${lane}/crasher/crasher.previous.log`)).toContain("the disk of the model is gone");
  expect(text(`${lane}/crasher/crasher.restart-1.log`)).toContain("the disk of the model is gone");

  // Deleted without grace: what it said until then.
  const inject = events.find((one) => one.type === "fault" && one.edge === "inject-begin");
  const [victim] = inject?.type === "fault" && "targets" in inject ? inject.targets : [];
  if (victim?.kind !== "pod") throw new Error("the victim must be a pod");
  expect(text(`${lane}/${victim.name}/server.before-f01.log`)).toMatch(/^\d{4}-\d\d-\d\dT.*\n/);

  const kubelet = text("artifacts/cluster/n1/kubelet.log");
  expect(kubelet).toContain("crasher");
  const environment = JSON.parse(text("environment.json")) as { startedAt: string };
  const first = /^[IWE]\d{4} (\d\d:\d\d:\d\d\.\d+)/m.exec(kubelet)?.[1] ?? "";
  expect(first >= environment.startedAt.slice(11, 19)).toBe(true);
  for (const name of ["control/kube-apiserver", "n1/containerd", "n1/kube-proxy"])
    expect(files).toContain(`cluster/${name}.log`);

  const pods = JSON.parse(text("artifacts/objects/pods.json")) as { items: { kind: string }[] };
  expect(JSON.stringify(pods)).toContain('"name":"DB_PASSWORD","value":"<redacted>"');
  const told = text("artifacts/objects/events.json").split("\n");
  const killed = told.filter((line) => line.includes('"reason":"Killing"'));
  expect(killed.join()).toContain(`"name":"${victim.name}"`);
  expect(text("artifacts/objects/nodes.json")).not.toContain("managedFields");

  let bytes = 0;
  for (const file of files.filter((one) => /\.(log|json)$/.test(one))) {
    const path = join(run, "artifacts", file);
    expect(readFileSync(path, "utf8"), file).not.toContain(SECRET);
    expect(statSync(path).size, file).toBeLessThanOrEqual(ARTIFACT_MAX_BYTES);
    bytes += statSync(path).size;
  }
  expect(bytes).toBeLessThan(ARTIFACTS_MAX_BYTES);
  expect(index.tookMs).toBeLessThan(COLLECT_MAX_MS);
});

const GONE = (more: string): string => `
const server = modelServer({ replicas: 1, gpus: 1, probes: "deep" });
export default experiment({
  hypothesis: "One GPU is enough.",
  stack: [server],
  cluster: { nodes: 1, gpusPerNode: 1 },
  load: predict({ to: server, rate: "20/s", connections: ["new"] }),
  slo: { within: "500ms", good: "90%" },
  warmup: "2s",
  steady: "20s",
  faults: [gpuLost({ on: one(server.gpus), for: "60s", symptom: "crash" })],
  accepts: ["no-spare-gpu", "pdb-broken"],
  observe: "10s",
  expect: [recovery({ service: "20s" })],
  ${more}
});
`;

/** When, to those who were told until then, less than half of the last five seconds was good. */
function conditionUs(requests: readonly Request[]): number {
  const slo = { withinMs: 500, goodRatio: 0.9, breachRatio: 0.9 };
  for (let nowUs = 0; nowUs < 300_000_000; nowUs += 100_000) {
    const known = requests.filter(
      (one) =>
        one.intendedUs > nowUs - 5_000_000 && ("endUs" in one ? one.endUs : Infinity) <= nowUs,
    );
    const good = known.filter((one) => isGood(one, slo, nowUs) === true).length;
    if (known.length >= 20 && good / known.length < 0.5) return nowUs;
  }
  throw new Error("it never held");
}

test("abortWhen ends a run that hurts clients too much: healed within 5 s, exit 2", async () => {
  const file = experimentFile("abort-when", GONE('abortWhen: { good: "50%", over: "5s" },'));
  const planned = await ninety(["plan", file], folder);
  expect(planned.stdout).toContain("aborted when less than 50 % is good over 5 s");
  const ended = await ninety(["run", file, "--json", ...at], folder);
  expect(ended.code, ended.stderr).toBe(2);
  const { events, run, text, index } = runOf("abort-when");
  const [error] = events.filter((one) => one.type === "error");
  expect(error).toMatchObject({
    code: "abort-when",
    message: expect.stringMatching(/scenario new over 5 s .* 50 %/) as string,
  });
  const lines = gunzipSync(readFileSync(join(run, "requests.ndjson.gz")))
    .toString()
    .split("\n");
  const requests = lines.filter((line) => line.includes('"id"'));
  const heldUs = conditionUs(requests.map((line) => JSON.parse(line) as Request));
  const healed = events.find((one) => one.type === "fault" && one.edge === "heal-end");
  const tookUs = (healed?.atUs ?? Infinity) - heldUs;
  expect(tookUs).toBeLessThan(5_000_000);
  expect(JSON.parse(ended.stdout)).toMatchObject({
    outcome: "unknown",
    completeness: { aborted: expect.stringContaining("abortWhen: ") },
  });
  expect(text("report.html")).toContain("Ended before its time: abortWhen");
  // The device was lost under its holder, which ended for it.
  const previous = index.files.filter(({ path }) => path.endsWith("/server.previous.log"));
  expect(previous).toHaveLength(1);
  expect((await ninety(["check", run])).code).toBe(2);
});

test("Ctrl-C twice: the second says what is still held, and the first one's healing goes on", async () => {
  const running = start(["run", experimentFile("twice", GONE("")), ...at], folder);
  await running.said(/f01 gpu-lost: in effect/, 120_000);
  running.child.kill("SIGINT");
  await running.said(/once more to see what is still held/, 5_000);
  await new Promise((resolve) => setTimeout(resolve, 700));
  running.child.kill("SIGINT");
  await running.said(/nothing is held; tearing down|f01 is still held \(gpu-state\)/, 5_000);
  const { code, stderr } = await running.ended;
  expect(stderr).toMatch(/f01 gpu-lost: healed/);
  expect(code).toBe(130);
});
