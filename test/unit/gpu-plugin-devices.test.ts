import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { deviceNow, type DeviceState, okDevice } from "../../src/model/device.ts";
import {
  allocation,
  createDevices,
  deviceIds,
  healthOf,
  memoryOf,
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
  expect(healthOf(device("slow", true))).toBe("Healthy");
});

test("only an XID makes a device unhealthy, and not one that an application causes", () => {
  const ecc = (xid: number) => ({ ...device("ecc-error", true), xid });
  expect([94, 95, 48, 64].map((xid) => healthOf(ecc(xid)))).toEqual(Array(4).fill("Unhealthy"));
  expect([13, 31, 109].map((xid) => healthOf(ecc(xid)))).toEqual(Array(3).fill("Healthy"));
  expect(xidOf(ecc(95))).toBe(95);
  expect(xidOf({ ...ecc(95), signal: false })).toBe(null);
  expect(healthOf(device("out-of-memory", true))).toBe("Healthy");
});

test("memory: what a fault takes, and what an uncorrectable error leaves behind", () => {
  const well = {
    usedMiB: 0,
    freeMiB: 81_920,
    uncorrectable: 0,
    remapPending: false,
    remapFailed: false,
  };
  expect(memoryOf(okDevice("a"))).toEqual(well);
  expect(memoryOf(device("out-of-memory", false))).toEqual(well);
  expect(memoryOf(device("out-of-memory", true))).toEqual({ ...well, usedMiB: 81_920, freeMiB: 0 });
  const bad = { ...well, uncorrectable: 1, remapPending: true };
  expect(memoryOf(device("ecc-error", true))).toEqual(bad);
  expect(memoryOf({ ...device("ecc-error", true), xid: 64 })).toEqual({
    ...well,
    remapFailed: true,
  });
});

test("a device that flaps is bad first, then well and held, and its lease ends it", () => {
  const flaps = { badMs: 2, wellMs: 3, fromUs: 10_000 };
  const file = { ...device("crash", true), by: "f01.0", flaps, untilUs: 40_000 };
  const states = [9_000, 10_000, 11_999, 12_000, 14_999, 15_000, 17_000].map(
    (us) => deviceNow(file, us).state,
  );
  expect(states).toEqual(["crash", "crash", "crash", "ok", "ok", "crash", "ok"]);
  expect(deviceNow(file, 12_000)).toMatchObject({ by: "f01.0", untilUs: 40_000, signal: false });
  expect(deviceNow(file, 40_000)).toEqual(okDevice("GPU-n1-0"));
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
  const flaps = { badMs: 1_000, wellMs: 1_000, fromUs: 0 };
  write("GPU-n1-0", { state: "ecc-error", xid: 95, rowsMax: 2, flaps: { badMs: 1_000 } });
  expect(folder.now().state).toBe("ok");
  expect(problems[2]).toContain("flaps must be badMs, wellMs, fromUs");
  write("GPU-n1-0", { state: "ecc-error", by: "f02.0", xid: 95, rowsMax: 2, flaps });
  expect(folder.now().by).toBe("f02.0");
});

test("the last XID stays when the device works again; every series is labelled", async () => {
  createDevices(root, ["GPU-n1-0"]);
  const metrics = new GpuMetrics("n1", [new DeviceFolder(root, "GPU-n1-0")]);
  const labels = 'gpu="0",UUID="GPU-n1-0",device="virtual0",Hostname="n1",simulated="true"';
  expect(await metrics.text()).toContain(`DCGM_FI_DEV_XID_ERRORS{${labels}} 0`);
  expect(await metrics.text()).toContain(`DCGM_FI_DEV_FB_FREE{${labels}} 81920`);
  write("GPU-n1-0", { state: "out-of-memory", signal: true, by: "f01.0" });
  const short = await metrics.text();
  expect(short).toContain(`DCGM_FI_DEV_FB_FREE{${labels}} 0`);
  expect(short).toContain(`DCGM_FI_DEV_FB_USED{${labels}} 81920`);
  expect(short).toContain(`ninety_gpu_healthy{${labels}} 1`);
  expect(short).toContain(`ninety_gpu_held{${labels}} 1`);
  write("GPU-n1-0", { state: "ecc-error", signal: true, xid: 95 });
  const bad = await metrics.text();
  expect(bad).toContain(`DCGM_FI_DEV_XID_ERRORS{${labels}} 95`);
  expect(bad).toContain(`DCGM_FI_DEV_ROW_REMAP_PENDING{${labels}} 1`);
  expect(bad).toContain(`ninety_gpu_held{${labels}} 0`);
  write("GPU-n1-0", { state: "crash", signal: true });
  expect(await metrics.text()).toContain(`ninety_gpu_healthy{${labels}} 0`);
  write("GPU-n1-0", {});
  const text = await metrics.text();
  // Well at first, then bad in three ways, then well.
  expect(text).toContain(`ninety_gpu_changes_total{${labels}} 2`);
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
