import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { DeviceState } from "../../src/model/device.ts";
import { at } from "../../src/model/json.ts";
import { DEVICE, ModelServerProcess, setDevice, withDevice } from "../support/model-server.ts";
import { modelServers } from "../support/model-servers.ts";
import { until } from "../support/until.ts";

const servers = modelServers([1]);
async function start(
  env: Readonly<Record<string, string>> = {},
  options: { listens?: boolean } = {},
): Promise<ModelServerProcess> {
  return servers.start({ ...withDevice(servers.folder), ...env }, options);
}
const symptom = (state: DeviceState) =>
  setDevice(servers.folder, { state, symptom: true, by: "f01.0" });
const isGone = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
};
/** Answered within a second, or null. */
async function predictSoon(server: ModelServerProcess): Promise<number | null> {
  const answer = await server.predict(1, AbortSignal.timeout(1_000)).catch(() => null);
  return answer?.status ?? null;
}

test("crash: the process dies when the device is touched, and cannot start on it", async () => {
  const server = await start();
  await server.ready();
  await symptom("crash");
  await server.predict().catch(() => null);
  expect(await server.process.ended).toBe(134);
  const again = await start({}, { listens: false });
  expect(await again.process.ended).toBe(1);
  const reason = String((await again.process.line("fatal"))["reason"]);
  expect(reason).toContain("CUDA failure 100: no CUDA-capable device is detected");
  expect(await readFile(join(servers.folder, "termination-log"), "utf8")).toBe(reason);
  await setDevice(servers.folder, {});
  await (await start()).ready();
});

test("a signal alone hurts nobody, and a lease that ran out is a device that works", async () => {
  const server = await start();
  await server.ready();
  await setDevice(servers.folder, { state: "crash", signal: true, symptom: false });
  expect((await server.predict()).status).toBe(200);
  await setDevice(servers.folder, { state: "crash", symptom: true, untilUs: 1 });
  expect((await server.predict()).status).toBe(200);
});

test("crash in strict mode: no port, tried again, then 255", async () => {
  await symptom("crash");
  const env = { STRICT: "true", LOAD_RETRIES: "2", LOAD_RETRY_MS: "50" };
  const server = await start(env, { listens: false });
  expect(await server.process.ended).toBe(255);
  expect(server.process.find("listening")).toBeUndefined();
  const failed = server.process.lines.filter((line) => line["event"] === "model-load-failed");
  expect(failed.map((line) => line["attempt"])).toEqual([1, 2, 3]);
  expect(String(server.process.find("fatal")?.["reason"])).toContain(
    "1 model(s) did not become available",
  );
});

test("strict mode picks the device up when it works again", async () => {
  await symptom("crash");
  const server = await start({ STRICT: "true", LOAD_RETRY_MS: "100" }, { listens: false });
  await server.process.line("model-load-failed");
  await setDevice(servers.folder, {});
  await server.process.line("listening");
});

test("sticky error: 500 at once until the process ends, also after the device works again", async () => {
  const server = await start({ LIVE_LIMIT_MS: "600", CANARY_REUSE_MS: "0" });
  await server.ready();
  await symptom("sticky-error");
  const answer = await server.predict();
  expect(answer.status).toBe(500);
  expect(String(at(answer.body, "error"))).toContain("CUDA failure 700");
  expect(at((await server.get("/health/ready")).body, "why")).toBe("error");
  expect((await server.get("/v1/models/mlp")).status).toBe(200);
  await setDevice(servers.folder, {});
  expect((await server.predict()).status).toBe(500);
  await until("not live", async () => (await server.get("/health/live")).status === 503);
  server.process.kill("SIGTERM");
  expect(await server.process.ended).toBe(0);
  await (await start()).ready();
});

test("sticky error that spares new processes: starting again is the cure", async () => {
  const server = await start({ CANARY_REUSE_MS: "0" });
  await server.ready();
  const sparesFromUs = Number(process.hrtime.bigint() / 1_000n);
  await setDevice(servers.folder, {
    state: "sticky-error",
    symptom: true,
    by: "f01.0",
    sparesFromUs,
  });
  expect((await server.predict()).status).toBe(500);
  server.process.kill("SIGTERM");
  expect(await server.process.ended).toBe(0);
  const again = await start({ CANARY_REUSE_MS: "0" });
  await again.ready();
  expect((await again.predict()).status).toBe(200);
});

test("hang without a watchdog: port, status and liveness look well, nothing is answered", async () => {
  const server = await start({ CANARY_DEADLINE_MS: "100", LIVE_LIMIT_MS: "4000" });
  await server.ready();
  await symptom("hang");
  expect(await predictSoon(server)).toBe(null);
  expect((await server.get("/v1/models/mlp")).status).toBe(200);
  const live = await server.get("/health/live");
  expect(live.status).toBe(200);
  await until("not ready", async () => {
    const ready = await server.get("/health/ready");
    return ready.status === 503 && at(ready.body, "why") === "deadline";
  });
  await until("not live", async () => (await server.get("/health/live")).status === 503);
  // The call that hangs goes on hanging when the device works again.
  await setDevice(servers.folder, {});
  expect(await predictSoon(server)).toBe(null);
  server.process.kill("SIGTERM");
  expect(await server.process.ended).toBe(0);
});

test("hang with a watchdog: not ready at once, the process ends and says why", async () => {
  const server = await start({
    WATCHDOG: "true",
    CANARY_DEADLINE_MS: "200",
    CANARY_IDLE_MS: "100",
  });
  await server.ready();
  const workerPid = Number((await server.process.line("start"))["workerPid"]);
  await symptom("hang");
  const setMs = performance.now();
  expect(await server.process.ended).toBe(70);
  expect(performance.now() - setMs).toBeLessThan(10_000);
  expect(server.process.find("readiness", (line) => line["ready"] === false)).toBeDefined();
  expect(await readFile(join(servers.folder, "termination-log"), "utf8")).toMatch(
    /^watchdog: .*3 canaries in a row/,
  );
  await until("the worker to be gone", () => isGone(workerPid));
});

test("a worker that hangs does not outlive its server", async () => {
  const server = await start();
  await server.ready();
  const workerPid = Number((await server.process.line("start"))["workerPid"]);
  await symptom("hang");
  expect(await predictSoon(server)).toBe(null);
  server.process.kill("SIGKILL");
  await until("the worker to be gone", () => isGone(workerPid));
});

test("slow: right answers that come late", async () => {
  const server = await start({ SLOW_FACTOR: "11", SLOW_BASE_MS: "20" });
  await server.ready();
  await symptom("slow");
  const startMs = performance.now();
  expect((await server.predict()).status).toBe(200);
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(200);
  expect((await server.get("/health/ready")).status).toBe(200);
});

test("slow by a factor of the device: that one counts", async () => {
  const server = await start({ SLOW_FACTOR: "2", SLOW_BASE_MS: "20" });
  await server.ready();
  await setDevice(servers.folder, { state: "slow", symptom: true, by: "f01.0", factor: 21 });
  const startMs = performance.now();
  expect((await server.predict()).status).toBe(200);
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(400);
  await setDevice(servers.folder, {});
  const wellMs = performance.now();
  expect((await server.predict()).status).toBe(200);
  expect(performance.now() - wellMs).toBeLessThan(400);
});

test("out of memory: large batches fail, small ones and the canary do not", async () => {
  const server = await start({ CANARY_REUSE_MS: "0" });
  await server.ready();
  await symptom("out-of-memory");
  const large = await server.predict(5);
  expect(large.status).toBe(500);
  expect(String(at(large.body, "error"))).toContain("CUDA failure 2: out of memory");
  expect((await server.predict(4)).status).toBe(200);
  expect((await server.get("/health/ready")).status).toBe(200);
});

test("out of memory altogether: nothing fits, a start finds no room, and room is all it takes", async () => {
  const server = await start({ CANARY_REUSE_MS: "0" });
  await server.ready();
  const full = { state: "out-of-memory", symptom: true, by: "f01.0", rowsMax: 0 } as const;
  await setDevice(servers.folder, full);
  expect((await server.predict()).status).toBe(500);
  expect(at((await server.get("/health/ready")).body, "why")).toBe("error");
  const again = await start({ LOAD_RETRY_MS: "100", LOAD_RETRIES: "100" });
  const failed = await again.process.line("model-load-failed");
  expect(String(failed["message"])).toContain("CUDA failure 2: out of memory");
  await setDevice(servers.folder, {});
  expect((await server.predict()).status).toBe(200);
  await again.ready();
});

test("memory error: the process that met it fails for ever, one that was started since does not", async () => {
  const server = await start({ CANARY_REUSE_MS: "0" });
  await server.ready();
  const sparesFromUs = Number(process.hrtime.bigint() / 1_000n);
  const bad = { state: "ecc-error", symptom: true, by: "f01.0", xid: 94, sparesFromUs } as const;
  await setDevice(servers.folder, bad);
  const met = String(at((await server.predict()).body, "error"));
  expect(met).toContain("CUDA failure 214: uncorrectable ECC error encountered");
  await (await start()).ready();
  await setDevice(servers.folder, {});
  expect(String(at((await server.predict()).body, "error"))).toBe(met);
});

test("memory error that is not contained: nobody can start on the device", async () => {
  await symptom("ecc-error");
  const server = await start();
  const failed = await server.process.line("model-load-failed");
  expect(String(failed["message"])).toContain("CUDA failure 214");
});

/** Inferences by who did them. */
async function runs(server: ModelServerProcess, provider: string): Promise<number> {
  const text = String((await server.get("/metrics")).body);
  const name = `model_server_runs_total{provider="${provider}"`;
  const line = text.split("\n").find((each) => each.startsWith(name));
  return Number(line?.split(" ").at(-1) ?? 0);
}

test("on the CPU: right, late, ready, and only the provider in the metrics tells", async () => {
  const server = await start({ SLOW_BASE_MS: "20", CANARY_IDLE_MS: "60000" });
  await server.ready();
  const right = at((await server.predict()).body, "predictions");
  expect(await runs(server, "CPUExecutionProvider")).toBe(0);
  const fallen = { state: "cpu-fallback", symptom: true, by: "f01.0", factor: 11 } as const;
  await setDevice(servers.folder, fallen);
  const onDevice = await runs(server, "CUDAExecutionProvider");
  const startMs = performance.now();
  const late = await server.predict();
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(200);
  expect([late.status, at(late.body, "predictions")]).toEqual([200, right]);
  expect((await server.get("/health/ready")).status).toBe(200);
  expect(await runs(server, "CPUExecutionProvider")).toBeGreaterThan(0);
  expect(await runs(server, "CUDAExecutionProvider")).toBe(onDevice);
  await setDevice(servers.folder, {});
  expect((await server.predict()).status).toBe(200);
  expect(await runs(server, "CUDAExecutionProvider")).toBeGreaterThan(onDevice);
});

test("on the CPU from its start: it stays there until it is started again", async () => {
  await setDevice(servers.folder, { state: "cpu-fallback", symptom: true, by: "f01.0", factor: 2 });
  const server = await start();
  await server.ready();
  await setDevice(servers.folder, { state: "crash", symptom: true, by: "f02.0" });
  expect((await server.predict()).status).toBe(200);
  await setDevice(servers.folder, {});
  expect((await server.predict()).status).toBe(200);
  expect(await runs(server, "CUDAExecutionProvider")).toBe(0);
  const again = await start();
  await again.ready();
  expect(await runs(again, "CPUExecutionProvider")).toBe(0);
});

test("wrong answers: 200 with other numbers; only the canary that compares them sees it", async () => {
  const server = await start({ CANARY_REUSE_MS: "0" });
  await server.ready();
  const right = at((await server.predict()).body, "predictions", 0);
  await symptom("wrong-answers");
  const wrong = await server.predict();
  expect(wrong.status).toBe(200);
  expect(at(wrong.body, "predictions", 0)).not.toEqual(right);
  const ready = await server.get("/health/ready");
  expect([ready.status, at(ready.body, "why")]).toEqual([503, "wrong-values"]);
  expect((await server.get("/health/live")).status).toBe(200);
  await setDevice(servers.folder, {});
  expect(at((await server.predict()).body, "predictions", 0)).toEqual(right);
  await server.ready();
});

test("state changes are in the log and the metrics; without the device nothing is felt", async () => {
  const server = await start();
  await server.ready();
  await symptom("out-of-memory");
  const line = await server.process.line(
    "device-state",
    (each) => each["state"] === "out-of-memory",
  );
  expect(line).toMatchObject({ device: DEVICE, symptom: true, signal: false, by: "f01.0" });
  expect((await server.get("/metrics")).body).toContain(
    `model_server_device_state{device="${DEVICE}",state="out-of-memory"} 1`,
  );
  const without = await start({ NVIDIA_VISIBLE_DEVICES: "" });
  await without.ready();
  expect((await without.predict(64)).status).toBe(200);
});
