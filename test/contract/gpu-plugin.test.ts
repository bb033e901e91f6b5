import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { okDevice } from "../../src/model/device.ts";
import { Kubelet } from "../support/kubelet.ts";
import { ProgramProcess } from "../support/program-process.ts";
import { until } from "../support/until.ts";

let folder = "";
let kubelet: Kubelet;
let plugin: ProgramProcess | null = null;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ninety-gpu-plugin-"));
  kubelet = new Kubelet(folder);
});
afterEach(async () => {
  plugin?.kill("SIGKILL");
  await plugin?.ended;
  kubelet.stop();
  rmSync(folder, { recursive: true, force: true });
});

function start(env: Readonly<Record<string, string>> = {}): ProgramProcess {
  plugin = new ProgramProcess("gpu-plugin/main.ts", {
    NODE_NAME: "n1",
    PLUGIN_FOLDER: folder,
    DEVICE_ROOT: join(folder, "gpus"),
    METRICS_PORT: "0",
    METRICS_HOST: "127.0.0.1",
    ...env,
  });
  return plugin;
}

test("the program registers, follows the state on disk, serves metrics and ends on SIGTERM", async () => {
  await kubelet.start();
  const program = start({ GPUS: "1", BESIDE_REAL_GPUS: "true" });
  const url = `http://127.0.0.1:${await program.port()}`;
  await until("a registration", () => kubelet.registrations.length > 0);
  const connection = kubelet.dial(kubelet.registrations[0]?.endpoint ?? "");
  await until("a list", () => connection.health() === "GPU-n1-0=Healthy");
  await until("healthz", async () => (await fetch(`${url}/healthz`)).status === 200);
  const state = { ...okDevice("GPU-n1-0"), state: "crash", signal: true };
  writeFileSync(join(folder, "gpus", "GPU-n1-0", "state.json"), JSON.stringify(state));
  await until("Unhealthy", () => connection.health() === "GPU-n1-0=Unhealthy");
  expect(await (await fetch(`${url}/metrics`)).text()).toMatch(
    /DCGM_FI_DEV_XID_ERRORS\{.*UUID="GPU-n1-0".*simulated="true"\} 79/,
  );
  program.kill("SIGTERM");
  expect(await program.ended).toBe(0);
  await until("the stream to end", () => connection.ended);
  connection.close();
});

test("refuses to stand beside the real plugin, unless told to", async () => {
  const real = createServer();
  await new Promise<void>((resolve) => real.listen(join(folder, "nvidia-gpu.sock"), resolve));
  const refused = start();
  expect(await refused.ended).toBe(1);
  expect(String((await refused.line("fatal"))["reason"])).toContain("virtual GPUs refused on n1");
  await kubelet.start();
  start({ BESIDE_REAL_GPUS: "true" });
  await until("a registration", () => kubelet.registrations.length > 0);
  await new Promise((resolve) => real.close(resolve));
});

test("without a node's name it does not start", async () => {
  const nameless = start({ NODE_NAME: "", GPUS: "many" });
  expect(await nameless.ended).toBe(3);
  expect(String((await nameless.line("fatal"))["reason"])).toContain("GPUS must be a whole number");
});
