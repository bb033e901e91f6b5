// The shapes in which servers fail, as a client and a shallow probe see them, row by row:
// liveness (a status that is not 5xx), the model's status, predict.
import { expect, test } from "vitest";
import type { DeviceState } from "../../src/model/device.ts";
import { at, textAt } from "../../src/model/json.ts";
import { ModelServerProcess, setDevice, withDevice } from "../support/model-server.ts";
import { modelServers } from "../support/model-servers.ts";
import { until } from "../support/until.ts";

const servers = modelServers([1]);
async function start(env: Readonly<Record<string, string>> = {}): Promise<ModelServerProcess> {
  const settings = {
    ...withDevice(servers.folder),
    SLOW_BASE_MS: "30",
    LIVE_LIMIT_MS: "60000",
    ...env,
  };
  return servers.start(settings);
}
const symptom = (state: DeviceState) =>
  setDevice(servers.folder, { state, symptom: true, by: "f01.0" });

const WITHIN_MS = 2_500;
/** HTTP status; `refused`; or `time-out`: no answer within WITHIN_MS. */
async function seen(server: ModelServerProcess, path: string, rows = 0): Promise<number | string> {
  const instances = Array.from({ length: rows }, () => Array.from({ length: 16 }, () => 0.5));
  try {
    const answer = await fetch(server.url + path, {
      signal: AbortSignal.timeout(WITHIN_MS),
      ...(rows === 0 ? {} : { method: "POST", body: JSON.stringify({ instances }) }),
    });
    await answer.text();
    return answer.status;
  } catch (error) {
    return (error as Error).name === "TimeoutError" ? "time-out" : "refused";
  }
}
/** Liveness, the model's status, predict. */
async function shape(server: ModelServerProcess, rows = 1): Promise<readonly unknown[]> {
  return [
    await seen(server, "/health/live"),
    await seen(server, "/v1/models/mlp"),
    await seen(server, "/v1/models/mlp:predict", rows),
  ];
}

test("crash: refused everywhere", async () => {
  const server = await start();
  await server.ready();
  await symptom("crash");
  await seen(server, "/v1/models/mlp:predict", 1);
  await server.process.ended;
  expect(await shape(server)).toEqual(["refused", "refused", "refused"]);
});

test.each([
  ["sticky: fails fast while all looks well", "sticky-error", [200, 200, 500]],
  ["zombie: never answers while all looks well", "hang", [200, 200, "time-out"]],
  ["slow: all looks well, and late", "slow", [200, 200, 200]],
  ["memory error: fails fast while all looks well", "ecc-error", [200, 200, 500]],
  ["on the CPU: all looks well, and late", "cpu-fallback", [200, 200, 200]],
  ["garbage: all looks well, with other numbers", "wrong-answers", [200, 200, 200]],
] as const)("%s", async (_name, state, wanted) => {
  const server = await start({ CANARY_IDLE_MS: "60000" });
  await server.ready();
  const right = at((await server.predict()).body, "predictions");
  await symptom(state);
  const startMs = performance.now();
  expect(await shape(server)).toEqual(wanted);
  if (state === "slow" || state === "cpu-fallback") {
    expect(performance.now() - startMs).toBeGreaterThan(270);
    expect(at((await server.predict()).body, "predictions")).toEqual(right);
  }
  if (state === "wrong-answers") {
    expect(at((await server.predict()).body, "predictions")).not.toEqual(right);
  }
});

test("oom: only large requests fail", async () => {
  const server = await start();
  await server.ready();
  await symptom("out-of-memory");
  expect(await shape(server, 5)).toEqual([200, 200, 500]);
  expect(await shape(server, 4)).toEqual([200, 200, 200]);
});

test("oom at a start: the port is there, and no version", async () => {
  await symptom("out-of-memory");
  const server = await start({ LOAD_RETRIES: "0" });
  await server.process.line("model-load-failed");
  expect(await shape(server)).toEqual([200, 200, 404]);
});

test("frozen: connections are taken and nothing is answered, until it thaws", async () => {
  const server = await start();
  await server.ready();
  server.process.kill("SIGSTOP");
  expect(await shape(server)).toEqual(["time-out", "time-out", "time-out"]);
  server.process.kill("SIGCONT");
  expect(await shape(server)).toEqual([200, 200, 200]);
});

test("load-fail: status 200 with LOADING, then END and why; predict 404", async () => {
  await symptom("sticky-error");
  const server = await start({ LOAD_RETRIES: "1", LOAD_RETRY_MS: "300" });
  const state = async (): Promise<string> => {
    const { body } = await server.get("/v1/models/mlp");
    return textAt(body, "model_version_status", 0, "state");
  };
  await until("a load that failed and is tried again", async () => (await state()) === "LOADING");
  expect(await shape(server)).toEqual([200, 200, 404]);
  await until("the end of the version", async () => (await state()) === "END");
  expect(await shape(server)).toEqual([200, 200, 404]);
  const { body } = await server.get("/v1/models/mlp/versions/1");
  expect(at(body, "model_version_status", 0, "status", "error_code")).toBe("INTERNAL");
  expect((await server.get("/health/ready")).status).toBe(503);
});
