// Files of a record that no run wrote: told as such, and never a pass.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { judgeFolder } from "../../src/cli/judging.ts";
import { loadPlugins } from "../../src/cli/plugins.ts";
import { readRecord } from "../../src/store/read-record.ts";
import { ROOT } from "../support/ninety.ts";

type Any = Record<string, unknown>;

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ninety-broken-"));
  cpSync(join(ROOT, "test/golden/records/small"), folder, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const textOf = (name: string): string => readFileSync(join(folder, name), "utf8");
const write = (name: string, text: string | Uint8Array): void =>
  writeFileSync(join(folder, name), text);

/** One field of a document, by its path; undefined: away. */
function spoil(name: string, path: readonly (string | number)[], value: unknown): void {
  const whole = JSON.parse(textOf(name)) as Any;
  const holder = path.slice(0, -1).reduce((at, key) => at[key] as Any, whole);
  holder[path.at(-1)!] = value;
  // JSON has no word for it, and reads it from this.
  write(name, JSON.stringify(whole).replaceAll('"@infinite"', "1e999"));
}
const problems = async (): Promise<readonly string[]> => (await readRecord(folder)).problems;

test("gzip without its last bytes, which are no data, is cut", async () => {
  const whole = gzipSync(textOf("requests.ndjson"));
  rmSync(join(folder, "requests.ndjson"));
  write("requests.ndjson.gz", whole);
  expect(await problems()).toEqual([]);
  for (const cut of [1, 4, 8]) {
    write("requests.ndjson.gz", whole.subarray(0, -cut));
    const record = await readRecord(folder);
    expect(record.requestsEnd).toEqual({ requests: record.requests.length });
    expect(record.problems).toEqual(["requests.ndjson.gz is cut"]);
  }
});

test("two files of requests: nobody can say which one counts", async () => {
  write("requests.ndjson.gz", gzipSync(textOf("requests.ndjson")));
  expect(await problems()).toEqual([
    "requests.ndjson.gz and requests.ndjson: there must be one of them",
  ]);
});

test.each(['"210"', "1e999", "-1", "null"])(
  "an end line that counts %s counts nothing",
  async (count) => {
    const lines = textOf("requests.ndjson").trim().split("\n");
    write(
      "requests.ndjson",
      [...lines.slice(0, -1), `{"end":true,"requests":${count}}`].join("\n"),
    );
    expect((await readRecord(folder)).requestsEnd).not.toEqual({ requests: lines.length - 1 });
  },
);

test.each([
  ['{"atUs":5,"metric":"a","value":1', " must be a JSON object"],
  ['{"atUs":5,"metric":"a","value":1e999,"tags":{}}', ": value must be a number"],
  ['{"atUs":5,"metric":"a","value":"1","tags":{}}', ": value must be a number"],
  ['{"atUs":5,"metric":"","value":1,"tags":{}}', ": metric must be a text that is not empty"],
  ['{"atUs":5,"metric":"a","value":1,"tags":null}', ": tags must be an object"],
  ['{"atUs":5,"metric":"a","value":1,"tags":{"pod":7}}', ": tags.pod must be a text"],
])("a sample %s", async (line, told) => {
  write("samples.ndjson", `${textOf("samples.ndjson")}${line}\n`);
  expect(await problems()).toEqual([
    expect.stringMatching(new RegExp(`^samples\\.ndjson line \\d+${told}`)),
  ]);
});

const POD = {
  atUs: 9_000_000,
  type: "cluster",
  object: "pod/ninety/server-z",
  change: "changed",
  notBeforeUs: 8_999_000,
  detail: {
    part: "server",
    uid: "z",
    node: "n1",
    ready: true,
    terminating: false,
    gone: false,
    restarts: 0,
    reason: "",
    devices: [],
  },
};
const pod = (of: object): object => ({ ...POD, detail: { ...POD.detail, ...of } });
const begin = (of: object): object => ({
  atUs: 9_000_000,
  type: "fault",
  id: "f01",
  edge: "inject-begin",
  targets: [],
  effects: [],
  lateUs: 0,
  ...of,
});
const damage = (of: object): object => ({
  atUs: 9_000_000,
  type: "damage",
  accept: "pdb-broken",
  id: "f01",
  what: "x",
  observed: 1,
  limit: { max: 0 },
  rule: "x",
  ...of,
});

test.each<readonly [object, string]>([
  [pod({ ready: "yes" }), 'detail.ready must be true or false, got "yes"'],
  [pod({ restarts: -1 }), "detail.restarts must be a whole number of at least 0, got -1"],
  [
    { ...pod({}), object: "node/n1", detail: { ready: true } },
    "detail.gpusAllocatable must be a whole number of at least 0, got nothing",
  ],
  [
    { ...pod({}), object: "endpoints/ninety/server", detail: { ready: [1] } },
    "detail.ready[0] must be a text, got 1",
  ],
  [
    { ...pod({}), object: "lamp/a" },
    "object must be a text that matches ^pod/ or a text that matches ^node/ or ",
  ],
  [
    begin({ targets: [{ kind: "gpu", node: "n1", holder: null }] }),
    "targets[0].device must be a text that is not empty, got nothing",
  ],
  [begin({ effects: [{ id: "f01.0" }] }), "effects[0].effect must be "],
  [begin({ lateUs: "@infinite" }), "lateUs must be a whole number of at least 0"],
  [
    {
      ...begin({}),
      edge: "proved",
      lookedUs: 9_000_000,
      evidence: { effect: "present", by: "GET", needed: "1", saw: { nodes: [1, "@infinite"] } },
    },
    "evidence.saw.nodes[1] must be a finite number",
  ],
  [
    { atUs: 9_000_000, type: "prediction", segments: [{ from: "clr", to: "rec", cause: null }] },
    "segments[0].took must be ",
  ],
  [damage({ observed: -1 }), "observed must be a number of at least 0, got -1"],
  [damage({ limit: { max: -1 } }), "limit.max must be a number of at least 0, got -1"],
])("an event %j", async (event, told) => {
  const line = JSON.stringify(event).replaceAll('"@infinite"', "1e999");
  write("events.ndjson", `${textOf("events.ndjson")}${line}\n`);
  expect(await problems()).toContainEqual(expect.stringContaining(`: ${told}`));
});

test.each([
  [["level"], "best", "level must be one of simulated, "],
  [["level"], undefined, "level must be"],
  [["monotonicStartUs"], -1, "monotonicStartUs must be a whole number of at least 0, got -1"],
  [["startedAt"], "2026-01-01", "startedAt must be a text that matches "],
  [["planSha256"], "none", "planSha256 must be a text that matches "],
  [["ninety"], "", 'ninety must be a text that is not empty, got ""'],
  [["cluster"], null, "cluster must be an object, got null"],
  [["cluster", "kind"], "moon", "cluster.kind must be one of local, kube, simulated"],
  [["machine", "cpus"], "@infinite", "machine.cpus must be a finite number"],
])("an environment with %j %j", async (path, value, told) => {
  spoil("environment.json", path, value);
  const { environment, problems } = await readRecord(folder);
  expect(problems).toEqual([expect.stringContaining(`environment.json: ${told}`)]);
  expect(environment).toBeNull();
});

test("an environment that is null is none that a run wrote", async () => {
  write("environment.json", "null");
  expect(await problems()).toEqual(["environment.json must be an object, got null"]);
});

test.each([
  [["load", "rateRps"], "@infinite", "load.rateRps must be a number above 0, got Infinity"],
  [["load", "rateRps"], "50", 'load.rateRps must be a number above 0, got "50"'],
  [["load", "rateRps"], 0, "load.rateRps must be a number above 0, got 0"],
  [["load"], null, "load must be an object, got null"],
  [
    ["load", "to"],
    "other",
    'load.to must be a part of the stack, got "other" where the stack has server',
  ],
  [
    ["checks", 1, "params", "atLeastRatio"],
    "@infinite",
    "checks[1].params.atLeastRatio must be a finite number, got Infinity",
  ],
  [["slo", "goodRatio"], 1.5, "slo.goodRatio must be a number of 0 to 1, got 1.5"],
  [["slo", "withinMs"], undefined, "slo.withinMs must be a number above 0, got nothing"],
  [["steps", 0, "on", "kind"], "moon", "steps[0].on.kind must be one of node, pod, gpu, link"],
  [["steps", 0, "healMs"], -1, "steps[0].healMs must be a number of at least 0 or null, got -1"],
  [["steps"], {}, "steps must be a list"],
  [["checks", 0, "name"], 7, "checks[0].name must be a text that is not empty, got 7"],
])("a plan with %j %j is refused with field, rule and value", async (path, value, told) => {
  spoil("plan.json", path, value);
  const read = readRecord(folder);
  await expect(read).rejects.toMatchObject({ exit: 3, message: expect.stringContaining(told) });
});

test.each(["steps", "stack"])("a plan that has one of its %s twice is refused", async (list) => {
  const plan = JSON.parse(textOf("plan.json")) as Record<string, unknown[]>;
  spoil("plan.json", [list], [...plan[list]!, plan[list]![0]]);
  const field = list === "steps" ? "id" : "part";
  await expect(readRecord(folder)).rejects.toMatchObject({
    exit: 3,
    message: expect.stringMatching(
      `${list}\\[\\d+\\]\\.${field} must be given once, got ".+" as in ${list}\\[0\\]`,
    ),
  });
});

test.each([
  ["missing", undefined],
  ["null", null],
  ["text", "0.5"],
  ["negative", -0.5],
])("a limit that is %s judges nothing", async (_what, limit) => {
  spoil("plan.json", ["checks", 1, "params", "atLeastRatio"], limit);
  const { verdict } = await judgeFolder(folder, await loadPlugins());
  expect(verdict.findings.filter(({ check }) => check === "availability")).toMatchObject([
    { outcome: "unknown" },
  ]);
  expect(verdict.outcome).toBe("unknown");
});

test("a check that is always on judges a plan that does not list it", async () => {
  spoil("plan.json", ["checks"], [{ name: "cluster-clean", params: {} }]);
  const plugins = await loadPlugins();
  expect((await judgeFolder(folder, plugins)).verdict.outcome).toBe("pass");
  const [, ...lines] = textOf("requests.ndjson").split("\n");
  write("requests.ndjson", lines.join("\n"));
  const { verdict } = await judgeFolder(folder, plugins);
  expect(verdict.outcome).toBe("unknown");
  expect(verdict.findings.map(({ check }) => check)).toContain("load-held");
});
