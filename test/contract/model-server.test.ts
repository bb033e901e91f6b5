import { cp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { at } from "../../src/model/json.ts";
import { ModelFolder } from "../../workloads/programs/model-server/model-folder.ts";
import { modelServers } from "../support/model-servers.ts";
import { until } from "../support/until.ts";

const MODELS = new URL("../../workloads/models/mlp", import.meta.url).pathname;
const OK = { error_code: "OK", error_message: "" };

const servers = modelServers([1]);
const { start } = servers;

test("answers by value, in both formats, with the pod's name on every answer", async () => {
  const server = await start();
  await server.ready();
  const { versions } = await new ModelFolder(MODELS, "mlp").scan();
  const { cases = [], tolerance = 0 } = versions.find((one) => one.version === 1)?.expected ?? {};
  const inputs = cases.map((each) => each.input);
  const row = await server.post("/v1/models/mlp:predict", JSON.stringify({ instances: inputs }));
  const column = await server.post(
    "/v1/models/mlp/versions/1:predict",
    JSON.stringify({ inputs: { x: inputs } }),
  );
  expect([row.status, column.status]).toEqual([200, 200]);
  expect(row.headers.get("x-backend")).toBe("server-a");
  expect(row.headers.get("x-model-version")).toBe("1");
  expect(at(column.body, "outputs")).toEqual(at(row.body, "predictions"));
  for (const [index, { output }] of cases.entries()) {
    for (const [place, value] of output.entries()) {
      const got = at(row.body, "predictions", index, place) as number;
      expect(Math.abs(got - value)).toBeLessThan(tolerance);
    }
  }
});

test("a number that is none goes in and out as a bare token", async () => {
  const server = await start();
  await server.ready();
  const columns = ["NaN", ...Array.from({ length: 15 }, () => "0")].join(",");
  const answer = await server.post("/v1/models/mlp:predict", `{"instances":[[${columns}]]}`);
  expect(answer.status).toBe(200);
  expect(at(answer.body, "predictions", 0)).toEqual([
    "\u0000NaN",
    "\u0000NaN",
    "\u0000NaN",
    "\u0000NaN",
  ]);
});

test("status, metadata, and the bodies of what fails", async () => {
  const server = await start();
  await server.ready();
  const one = { version: "1", state: "AVAILABLE", status: OK };
  const cases: readonly (readonly [string, number, unknown])[] = [
    ["/v1/models/mlp", 200, { model_version_status: [one] }],
    ["/v1/models/mlp/versions/1", 200, { model_version_status: [one] }],
    ["/v1/models/other", 404, { error: "Could not find any versions of model other" }],
    ["/v1/models/mlp/versions/7", 404, { error: "Could not find version 7 of model mlp" }],
    ["/v1/models/mlp/labels/a", 400, { error: "Unrecognized servable version label: a" }],
    ["/v1/models", 400, { error: "Missing model name in request." }],
    ["/v1/nothing", 400, { error: "Malformed request: GET /v1/nothing" }],
    ["/nothing", 404, ""],
  ];
  for (const [path, status, body] of cases) {
    const answer = await server.get(path);
    expect([path, answer.status, answer.body]).toEqual([path, status, body]);
    expect(answer.headers.get("x-backend")).toBe("server-a");
  }
  const metadata = await server.get("/v1/models/mlp/metadata");
  expect(at(metadata.body, "model_spec", "version")).toBe("1");
  const signature = at(metadata.body, "metadata", "signature_def", "signature_def");
  expect(at(signature, "serving_default", "inputs", "x", "dtype")).toBe("DT_FLOAT");
  const refused: readonly (readonly [string, string, number, string])[] = [
    ["/v1/models/m:predict", '{"instances":[1]}', 404, "Servable not found for request: Latest(m)"],
    [
      "/v1/models/mlp/versions/7:predict",
      "{}",
      404,
      "Servable not found for request: Specific(mlp, 7)",
    ],
    ["/v1/models/mlp:predict", "{}", 400, "Missing 'inputs' or 'instances' key"],
    [
      "/v1/models/mlp:classify",
      "{}",
      400,
      "Expected classification signature method_name to be tensorflow/serving/classify. Was: tensorflow/serving/predict",
    ],
  ];
  for (const [path, body, status, error] of refused) {
    const answer = await server.post(path, body);
    expect([path, answer.status, answer.body]).toEqual([path, status, { error }]);
  }
});

test("limits: body, batch, queue", async () => {
  const server = await start({ BODY_MAX: "2000", BATCH_MAX: "3", QUEUE_MAX: "1" });
  await server.ready();
  expect((await server.predict(3)).status).toBe(200);
  expect((await server.predict(4)).status).toBe(400);
  expect((await server.post("/v1/models/mlp:predict", " ".repeat(2_001))).status).toBe(400);
  const shed = await until("a shed request", async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, () => server.predict()));
    expect(answers.some((answer) => answer.status === 200)).toBe(true);
    return answers.find((answer) => answer.status !== 200);
  });
  expect(shed.status).toBe(503);
  expect(shed.headers.get("retry-after")).toBe("1");
});

test("every probe is in the log and the metrics tell what was asked", async () => {
  const server = await start();
  await server.ready();
  await server.get("/v1/models/mlp");
  await server.predict();
  const { body } = await server.get("/metrics");
  expect(body).toContain('model_server_requests_total{outcome="ok",version="1"} 1');
  expect(body).toContain('model_server_model_version{model="mlp",version="1"} 1');
  expect(body).toContain("model_server_ready 1");
  expect((await server.get("/monitoring/prometheus/metrics")).status).toBe(200);
  const probe = await server.process.line("probe", (line) => line["path"] === "/v1/models/mlp");
  expect(probe).toMatchObject({ status: 200, userAgent: "kube-probe/1.36" });
  expect(probe["atUs"]).toBeLessThanOrEqual(probe["monoUs"] as number);
});

test("a newer version is served once it is complete, and the older one has ended", async () => {
  const server = await start();
  await server.ready();
  await cp(join(MODELS, "2"), join(servers.folder, "models", "2"), { recursive: true });
  await until("version 2 to be available and version 1 to have ended", async () => {
    const { body } = await server.get("/v1/models/mlp");
    const states = [0, 1].map((place) => at(body, "model_version_status", place, "state"));
    return states.join() === "AVAILABLE,END";
  });
  // The version that ended is still known: 200 for a probe, 404 for a client.
  expect((await server.get("/v1/models/mlp/versions/1")).status).toBe(200);
  expect((await server.predict()).headers.get("x-model-version")).toBe("2");
  const old = await server.post("/v1/models/mlp/versions/1:predict", '{"instances":[1]}');
  expect(old.status).toBe(404);
  expect((await server.get("/health/ready")).status).toBe(200);
});

test("a version that is half written or has a wrong byte is never served", async () => {
  const server = await start();
  await server.ready();
  const target = join(servers.folder, "models", "2");
  await cp(join(MODELS, "2"), `${target}.new`, { recursive: true });
  const model = await readFile(join(MODELS, "2", "model.onnx"));
  await writeFile(join(`${target}.new`, "model.onnx"), model.subarray(0, model.length / 2));
  await rename(`${target}.new`, target);
  const problem = await server.process.line("model-folder-problem");
  expect(String(problem["problems"])).toContain("sha256");
  expect((await server.get("/v1/models/mlp/versions/2")).status).toBe(404);
  expect((await server.predict()).headers.get("x-model-version")).toBe("1");
  await writeFile(join(target, "model.onnx"), model);
  await server.process.line("model-available", (line) => line["version"] === 2);
  await rm(target, { recursive: true });
  await server.process.line("model-available", (line) => line["version"] === 1);
});

test("drain: not ready at once, answers until it is quiet, ends with 0", async () => {
  const server = await start({ DRAIN_QUIET_MS: "500" });
  await server.ready();
  server.process.kill("SIGTERM");
  await server.process.line("drain-begin");
  const ready = await server.get("/health/ready");
  expect([ready.status, at(ready.body, "why")]).toEqual([503, "draining"]);
  const answer = await server.predict();
  expect([answer.status, answer.headers.get("connection")]).toEqual([200, "close"]);
  expect(await server.process.ended).toBe(0);
  expect(server.process.find("drain-end")).toMatchObject({ requestsLeftOpen: 0 });
});

test("wrong settings are told all at once and nothing starts", async () => {
  const server = await start({ PORT: "x", STRICT: "yes" }, { listens: false });
  expect(await server.process.ended).toBe(3);
  const reason = String((await server.process.line("fatal"))["reason"]);
  expect(reason).toContain('PORT must be a whole number from 0 to 65535, got "x"');
  expect(reason).toContain('STRICT must be true or false, got "yes"');
});

test("not strict: the port is open while the model loads, status 200, predict 404", async () => {
  const server = await start({ LOAD_DELAY_MS: "1500" });
  const loading = await until("the version to be known", async () => {
    const status = await server.get("/v1/models/mlp");
    return status.status === 200 ? status.body : null;
  });
  expect(at(loading, "model_version_status", 0, "state")).toBe("LOADING");
  expect((await server.predict()).body).toEqual({
    error: "Servable not found for request: Latest(mlp)",
  });
  const ready = await server.get("/health/ready");
  expect([ready.status, at(ready.body, "why")]).toEqual([503, "no version is available"]);
  expect((await server.get("/health/live")).status).toBe(200);
  await server.ready();
});

test("strict: the port opens only when the model is available", async () => {
  const server = await start({ STRICT: "true", LOAD_DELAY_MS: "300" });
  const { lines } = server.process;
  const place = (event: string): number => lines.findIndex((line) => line["event"] === event);
  expect(place("listening")).toBeGreaterThan(place("model-available"));
  expect(place("model-available")).toBeGreaterThan(0);
  expect((await server.get("/health/ready")).status).toBe(200);
});

test("a client that goes away frees its place in the queue", async () => {
  const server = await start();
  await server.ready();
  const gone = AbortSignal.timeout(1);
  await Promise.allSettled(Array.from({ length: 20 }, () => server.predict(200, gone)));
  await until("an empty queue", async () =>
    String((await server.get("/metrics")).body).includes("model_server_queue_depth 0"),
  );
  expect((await server.predict()).status).toBe(200);
});
