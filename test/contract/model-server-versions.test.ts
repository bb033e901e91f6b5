import { cp, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { at, listAt, textAt } from "../../src/model/json.ts";
import { ModelServerProcess } from "../support/model-server.ts";
import { modelServers } from "../support/model-servers.ts";
import { until } from "../support/until.ts";

const MODELS = new URL("../../workloads/models/mlp", import.meta.url).pathname;
const REFUSED =
  "Request to assign label to version 2 of model mlp, which is not currently available for inference";

const servers = modelServers([1, 2]);

interface Written {
  readonly policy?: unknown;
  readonly labels?: Readonly<Record<string, number>>;
}
/** Replaced by rename, as the kubelet does with a mounted ConfigMap. */
async function write({ policy, labels }: Written): Promise<void> {
  const config = {
    name: "mlp",
    base_path: join(servers.folder, "models"),
    model_platform: "tensorflow",
    ...(policy === undefined ? {} : { model_version_policy: policy }),
    ...(labels === undefined ? {} : { version_labels: labels }),
  };
  await writeText(JSON.stringify({ model_config_list: { config: [config] } }));
}
async function writeText(text: string): Promise<void> {
  const path = join(servers.folder, "models.config");
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}
async function start(
  written: Written,
  env: Readonly<Record<string, string>> = {},
): Promise<ModelServerProcess> {
  await write(written);
  const file = { MODEL_CONFIG_FILE: join(servers.folder, "models.config"), ...env };
  return servers.start(file);
}
const specific = (...versions: readonly number[]) => ({ specific: { versions } });

/** `2:AVAILABLE,1:END` */
async function states(server: ModelServerProcess): Promise<string> {
  const { body } = await server.get("/v1/models/mlp");
  return listAt(body, "model_version_status")
    .map((one) => `${textAt(one, "version")}:${textAt(one, "state")}`)
    .join();
}
const reach = (server: ModelServerProcess, wanted: string): Promise<unknown> =>
  until(wanted, async () => (await states(server)) === wanted);
const predictAt = (server: ModelServerProcess, path: string) => {
  const instances = [Array.from({ length: 16 }, () => 0.5)];
  return server.post(`/v1/models/mlp${path}:predict`, JSON.stringify({ instances }));
};
const versionAt = async (server: ModelServerProcess, path: string): Promise<string> => {
  const { status, headers } = await predictAt(server, path);
  return `${status}:${headers.get("x-model-version")}`;
};

test("two versions at once: by number, by label and the newest, on every path", async () => {
  const server = await start({ policy: specific(1, 2), labels: { stable: 1, canary: 2 } });
  await server.ready();
  expect(await states(server)).toBe("2:AVAILABLE,1:AVAILABLE");
  const cases: readonly (readonly [string, string])[] = [
    ["", "2"],
    ["/versions/1", "1"],
    ["/versions/2", "2"],
    ["/labels/stable", "1"],
    ["/labels/canary", "2"],
  ];
  for (const [path, version] of cases) {
    expect([path, await versionAt(server, path)]).toEqual([path, `200:${version}`]);
    const metadata = await server.get(`/v1/models/mlp${path}/metadata`);
    expect([path, at(metadata.body, "model_spec", "version")]).toEqual([path, version]);
    if (path === "") continue;
    const status = await server.get(`/v1/models/mlp${path}`);
    const told = listAt(status.body, "model_version_status").map((one) => at(one, "version"));
    expect([path, told]).toEqual([path, [version]]);
  }
  const [one, two] = [await predictAt(server, "/labels/stable"), await predictAt(server, "")];
  expect(one.body).not.toEqual(two.body);
  for (const suffix of ["", "/metadata"]) {
    const none = await server.get(`/v1/models/mlp/labels/none${suffix}`);
    expect([none.status, none.body]).toEqual([
      400,
      { error: "Unrecognized servable version label: none" },
    ]);
  }
  const text = String((await server.get("/metrics")).body);
  expect(text).toContain('model_server_model_version{model="mlp",version="1"} 1');
  expect(text).toContain('model_server_model_version{model="mlp",version="2"} 1');
  expect(text).toContain('model_server_model_label{model="mlp",label="stable",version="1"} 1');
  expect(text).toContain('model_server_requests_total{outcome="ok",version="1"} 3');
});

test("a switch on the running server: the new one first, then the old one ends, told with 200", async () => {
  const server = await start({ policy: specific(1), labels: { stable: 1 } });
  await server.ready();
  const answers: string[] = [];
  let switched = false;
  const client = (async () => {
    while (!switched) answers.push(await versionAt(server, "/labels/stable"));
  })();
  await write({ policy: specific(2), labels: { stable: 2 } });
  await reach(server, "2:AVAILABLE,1:END");
  switched = true;
  await client;
  expect(new Set(answers.map((one) => one.slice(0, 4)))).toEqual(new Set(["200:"]));
  expect(await versionAt(server, "/labels/stable")).toBe("200:2");
  const old = await server.get("/v1/models/mlp/versions/1");
  expect([old.status, at(old.body, "model_version_status", 0, "state")]).toEqual([200, "END"]);
  const gone = await predictAt(server, "/versions/1");
  expect([gone.status, gone.body]).toEqual([
    404,
    { error: "Servable not found for request: Specific(mlp, 1)" },
  ]);
  expect((await server.get("/health/ready")).status).toBe(200);
  const { lines } = server.process;
  const place = (version: number, state: string): number =>
    lines.findIndex((line) => line["version"] === version && line["state"] === state);
  expect(place(1, "UNLOADING")).toBeGreaterThan(place(2, "AVAILABLE"));
});

test("policies: latest, latest of two, all; back to an older one", async () => {
  const server = await start({});
  await server.ready();
  expect(await states(server)).toBe("2:AVAILABLE");
  await write({ policy: { all: {} } });
  await reach(server, "2:AVAILABLE,1:AVAILABLE");
  await write({ policy: { latest: { num_versions: 1 } } });
  await reach(server, "2:AVAILABLE,1:END");
  await write({ policy: { latest: { num_versions: 2 } } });
  await reach(server, "2:AVAILABLE,1:AVAILABLE");
  await write({ policy: specific(1) });
  await reach(server, "2:END,1:AVAILABLE");
});

test("labels go only to versions that are loaded, and move before the old one is unloaded", async () => {
  await rm(join(servers.folder, "models", "2"), { recursive: true });
  const server = await start({ policy: specific(1, 2), labels: { stable: 2 } });
  await server.ready();
  const refused = await server.process.line("model-label-refused");
  expect(refused["messages"]).toEqual([REFUSED]);
  expect((await predictAt(server, "/labels/stable")).status).toBe(400);
  await cp(join(MODELS, "2"), join(servers.folder, "models", "2"), { recursive: true });
  await server.process.line("model-label");
  expect(await versionAt(server, "/labels/stable")).toBe("200:2");
  // A label of a version that ends is gone with it.
  await write({ policy: specific(1), labels: { stable: 2 } });
  await reach(server, "2:END,1:AVAILABLE");
  expect((await predictAt(server, "/labels/stable")).status).toBe(400);
});

test("a version that fails to load leaves the old one and its label alone", async () => {
  const server = await start({ policy: specific(1), labels: { stable: 1 } }, { LOAD_RETRIES: "0" });
  await server.ready();
  const model = join(servers.folder, "models", "2", "model.onnx");
  await writeFile(model, "not a model");
  await write({ policy: specific(2), labels: { stable: 2 } });
  await server.process.line("model-folder-problem");
  expect([await states(server), await versionAt(server, "/labels/stable")]).toEqual([
    "1:AVAILABLE",
    "200:1",
  ]);
});

test("a file that became wrong is told, and what it said before holds", async () => {
  const server = await start({ policy: specific(1) });
  await server.ready();
  await writeText('{"model_config_list": {"config": [{"name": "other", "polcy": 1}]}}');
  const problem = await server.process.line("model-config-problem");
  const message = String(problem["message"]);
  expect(message).toContain("model_config_list.config[0].polcy is not a field");
  expect(message).toContain('model_config_list.config[0].name must be mlp, got "other"');
  expect(message).toContain('config[0].base_path must be an absolute path, got ""');
  expect(await states(server)).toBe("1:AVAILABLE");
  await write({ policy: specific(2) });
  await reach(server, "2:AVAILABLE,1:END");
});

test("a wrong file at the start is an end with 3", async () => {
  await writeText("{");
  const env = { MODEL_CONFIG_FILE: join(servers.folder, "models.config") };
  const server = await servers.start(env, { listens: false });
  expect(await server.process.ended).toBe(3);
  expect(String((await server.process.line("fatal"))["reason"])).toContain("must be JSON");
});

test("Ready only when each version that is wanted was tried", async () => {
  const server = await start({ policy: specific(1, 2) }, { LOAD_DELAY_MS: "700" });
  await reach(server, "2:AVAILABLE,1:LOADING");
  const ready = await server.get("/health/ready");
  expect([ready.status, at(ready.body, "why")]).toEqual([
    503,
    "not every version that is wanted was tried",
  ]);
  await server.ready();
  expect(await states(server)).toBe("2:AVAILABLE,1:AVAILABLE");
});
