import { expect, test } from "vitest";
import { at } from "../../src/model/json.ts";
import { ModelFolder } from "../../workloads/programs/model-server/model-folder.ts";
import { ModelServerProcess, setDevice, withDevice } from "../support/model-server.ts";
import { modelServers } from "../support/model-servers.ts";

const MODELS = new URL("../../workloads/models/mlp", import.meta.url).pathname;
const JOINING = { JOIN_ROWS_MAX: "8", JOIN_DELAY_MS: "40" };

const servers = modelServers([1]);
async function start(env: Readonly<Record<string, string>> = {}): Promise<ModelServerProcess> {
  const server = await servers.start({ ...JOINING, ...env });
  await server.ready();
  return server;
}

/** Of a histogram or a counter in the server's metrics; the labels as they are written there. */
async function metric(server: ModelServerProcess, name: string): Promise<number> {
  const text = String((await server.get("/metrics")).body);
  const line = text.split("\n").find((each) => each.startsWith(`${name} `));
  return Number(line?.split(" ").at(-1) ?? Number.NaN);
}

test("callers at the same time share runs, and each gets its own rows", async () => {
  const server = await start();
  const { versions } = await new ModelFolder(MODELS, "mlp").scan();
  const { cases = [], tolerance = 0 } = versions.find((one) => one.version === 1)?.expected ?? {};
  const callers = Array.from({ length: 40 }, (_one, place) => cases[place % cases.length]);
  const answers = await Promise.all(
    callers.map((one) =>
      server.post("/v1/models/mlp:predict", JSON.stringify({ instances: [one?.input] })),
    ),
  );
  for (const [place, { status, body }] of answers.entries()) {
    expect(status).toBe(200);
    for (const [column, value] of (callers[place]?.output ?? []).entries()) {
      const got = at(body, "predictions", 0, column) as number;
      expect(Math.abs(got - value)).toBeLessThan(tolerance);
    }
  }
  expect(await metric(server, 'model_server_batch_rows_sum{version="1"}')).toBe(40);
  expect(await metric(server, 'model_server_batch_rows_count{version="1"}')).toBeLessThan(20);
  expect(await metric(server, "model_server_batch_wait_seconds_count")).toBe(40);
});

test("a lone request waits for the delay and no longer; a canary does not wait at all", async () => {
  const server = await start({ JOIN_DELAY_MS: "400", CANARY_REUSE_MS: "0" });
  const startMs = performance.now();
  const asked = server.predict();
  const ready = await server.get("/health/ready");
  expect([ready.status, performance.now() - startMs < 400]).toEqual([200, true]);
  expect((await asked).status).toBe(200);
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(400);
  expect(await metric(server, 'model_server_batch_rows_count{version="1"}')).toBe(1);
});

test("a request with more rows than a run may have is refused as TensorFlow Serving does", async () => {
  const server = await start();
  expect(await server.predict(9)).toMatchObject({
    status: 400,
    body: { error: "Task size 9 is larger than maximum input batch size 8" },
  });
  expect((await server.predict(8)).status).toBe(200);
});

test("a failed run is told to each of its callers; small runs pass where joined ones do not fit", async () => {
  const server = await start({
    ...withDevice(servers.folder),
    OOM_ROWS_MAX: "4",
    JOIN_DELAY_MS: "200",
  });
  await setDevice(servers.folder, { state: "out-of-memory", symptom: true, by: "f01.0" });
  const joined = await Promise.all(Array.from({ length: 8 }, () => server.predict()));
  expect(joined.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 500));
  for (const { body } of joined) expect(String(at(body, "error"))).toContain("out of memory");
  expect((await server.predict()).status).toBe(200);
});

test("the queue is bounded in requests, and what waits too long is late", async () => {
  const server = await start({
    JOIN_DELAY_MS: "2000",
    REQUEST_DEADLINE_MS: "300",
    QUEUE_MAX: "2",
  });
  const answers = await Promise.all(Array.from({ length: 3 }, () => server.predict()));
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([503, 504, 504]);
});

test("a client that goes away takes its rows out of the run", async () => {
  const server = await start({ JOIN_DELAY_MS: "500" });
  const gone = server.predict(3, AbortSignal.timeout(100)).catch(() => null);
  expect((await server.predict(2)).status).toBe(200);
  expect(await gone).toBe(null);
  expect(await metric(server, 'model_server_batch_rows_sum{version="1"}')).toBe(2);
});
