import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type DeviceState, okDevice } from "../../src/model/device.ts";
import {
  allocation,
  createDevices,
  deviceIds,
  healthOf,
  xidOf,
} from "../../workloads/programs/gpu-plugin/devices.ts";
import { GpuMetrics } from "../../workloads/programs/gpu-plugin/gpu-metrics.ts";
import { realPlugin } from "../../workloads/programs/gpu-plugin/real-plugin.ts";
import { DeviceFolder } from "../../workloads/programs/shared/device-folder.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "ninety-gpu-devices-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const write = (id: string, state: object): void =>
  writeFileSync(join(root, id, "state.json"), JSON.stringify({ ...okDevice(id), ...state }));
const device = (state: DeviceState, signal: boolean) => ({
  ...okDevice("GPU-n1-0"),
  state,
  signal,
});

test("devices are made once: a state that is there stays", () => {
  const ids = deviceIds("n1", 2);
  expect(ids).toEqual(["GPU-n1-0", "GPU-n1-1"]);
  createDevices(root, ids);
  expect(JSON.parse(readFileSync(join(root, "GPU-n1-1", "state.json"), "utf8"))).toEqual(
    okDevice("GPU-n1-1"),
  );
  write("GPU-n1-0", { state: "hang", symptom: true });
  createDevices(root, ids);
  expect(new DeviceFolder(root, "GPU-n1-0").now().state).toBe("hang");
});

test("unhealthy is what signals and is not ok", () => {
  expect(healthOf(okDevice("a"))).toBe("Healthy");
  expect(healthOf(device("crash", false))).toBe("Healthy");
  expect(healthOf(device("crash", true))).toBe("Unhealthy");
  expect(healthOf(device("ok", true))).toBe("Healthy");
  expect([xidOf(device("crash", true)), xidOf(device("crash", false))]).toEqual([79, null]);
  expect(xidOf(device("slow", true))).toBe(null);
});

test("a container is given ids and folders, to read only", () => {
  expect(allocation("/var/lib/x", ["GPU-n1-0", "GPU-n1-1"])).toEqual({
    envs: { NVIDIA_VISIBLE_DEVICES: "GPU-n1-0,GPU-n1-1" },
    mounts: [
      { container_path: "/run/gpus/GPU-n1-0", host_path: "/var/lib/x/GPU-n1-0", read_only: true },
      { container_path: "/run/gpus/GPU-n1-1", host_path: "/var/lib/x/GPU-n1-1", read_only: true },
    ],
  });
});

test("a folder tells what is written now, and the last state when it cannot be read", () => {
  const problems: string[] = [];
  const folder = new DeviceFolder(root, "GPU-n1-0", (message) => problems.push(message));
  expect(folder.now()).toEqual(okDevice("GPU-n1-0"));
  mkdirSync(join(root, "GPU-n1-0"));
  write("GPU-n1-0", { state: "crash", signal: true, by: "f01.0" });
  expect(folder.now()).toMatchObject({ state: "crash", signal: true, symptom: false, by: "f01.0" });
  writeFileSync(join(root, "GPU-n1-0", "state.json"), '{"state":"melted"}');
  expect(folder.now().state).toBe("crash");
  expect(folder.now().state).toBe("crash");
  write("GPU-n1-0", { state: "crash", untilUs: 1 });
  expect(folder.now().state).toBe("ok");
  expect(problems.length).toBe(2);
  expect(problems[1]).toContain('state must be a device state, got "melted"');
});

test("the last XID stays when the device works again; every series is labelled", async () => {
  createDevices(root, ["GPU-n1-0"]);
  const metrics = new GpuMetrics("n1", [new DeviceFolder(root, "GPU-n1-0")]);
  const labels = 'gpu="0",UUID="GPU-n1-0",device="virtual0",Hostname="n1",simulated="true"';
  expect(await metrics.text()).toContain(`DCGM_FI_DEV_XID_ERRORS{${labels}} 0`);
  write("GPU-n1-0", { state: "crash", signal: true });
  expect(await metrics.text()).toContain(`ninety_gpu_healthy{${labels}} 0`);
  write("GPU-n1-0", {});
  const text = await metrics.text();
  expect(text).toContain(`DCGM_FI_DEV_XID_ERRORS{${labels}} 79`);
  expect(text).toContain(`ninety_gpu_healthy{${labels}} 1`);
  const series = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  expect(series.every((line) => line.includes('simulated="true"'))).toBe(true);
});

test("real GPUs: the driver, or a socket of the real plugin that is served", async () => {
  expect(await realPlugin(root, [])).toBe(null);
  expect(await realPlugin(join(root, "nothing"), [])).toBe(null);
  expect(await realPlugin(root, [root])).toContain("this node has real GPUs");
  const path = join(root, "nvidia-gpu.sock");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  expect(await realPlugin(root, [])).toContain("nvidia-gpu.sock is served");
  await new Promise((resolve) => server.close(resolve));
  writeFileSync(path, "");
  expect(await realPlugin(root, [])).toBe(null);
});
