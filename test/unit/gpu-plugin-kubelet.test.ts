import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type DeviceFile, okDevice } from "../../src/model/device.ts";
import { createDevices, deviceIds } from "../../workloads/programs/gpu-plugin/devices.ts";
import { Plugin } from "../../workloads/programs/gpu-plugin/plugin.ts";
import { DeviceFolder } from "../../workloads/programs/shared/device-folder.ts";
import { Kubelet, type PluginConnection } from "../support/kubelet.ts";
import { until } from "../support/until.ts";

const SOCKET = "ninety-gpu.sock";
const HEALTHY = "GPU-n1-0=Healthy,GPU-n1-1=Healthy";

let folder = "";
let kubelet: Kubelet;
let plugin: Plugin;
let connections: PluginConnection[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ninety-gpu-kubelet-"));
  const ids = deviceIds("n1", 2);
  createDevices(join(folder, "gpus"), ids);
  kubelet = new Kubelet(folder);
  plugin = new Plugin({
    pluginFolder: folder,
    socketName: SOCKET,
    resourceName: "nvidia.com/gpu",
    deviceRoot: join(folder, "gpus"),
    devices: ids.map((id) => new DeviceFolder(join(folder, "gpus"), id)),
    log: () => {},
  });
});
afterEach(() => {
  for (const connection of connections) connection.close();
  connections = [];
  plugin.stop();
  kubelet.stop();
  rmSync(folder, { recursive: true, force: true });
});

const setDevice = (id: string, state: Partial<DeviceFile>): void =>
  writeFileSync(
    join(folder, "gpus", id, "state.json"),
    JSON.stringify({ ...okDevice(id), ...state }),
  );
/** The connection after registration number `count`. */
async function registered(count: number): Promise<PluginConnection> {
  await until(`registration ${count}`, () => kubelet.registrations.length >= count);
  const connection = kubelet.dial(kubelet.registrations.at(-1)?.endpoint ?? "");
  connections.push(connection);
  await until("the first list", () => connection.lists.length > 0);
  return connection;
}

test("registers, lists at once, answers the rest of the API", async () => {
  await kubelet.start();
  plugin.start();
  const connection = await registered(1);
  expect(kubelet.registrations[0]).toMatchObject({
    version: "v1beta1",
    endpoint: SOCKET,
    resource_name: "nvidia.com/gpu",
  });
  expect(connection.health()).toBe(HEALTHY);
  expect(await connection.options()).toEqual({
    pre_start_required: false,
    get_preferred_allocation_available: false,
  });
  await until("to know that it is registered", () => plugin.registered);
});

test("Unhealthy, and Healthy again, each time with the whole list", async () => {
  await kubelet.start();
  plugin.start();
  const connection = await registered(1);
  setDevice("GPU-n1-1", { state: "crash", signal: true });
  await until("Unhealthy", () => connection.health() === "GPU-n1-0=Healthy,GPU-n1-1=Unhealthy");
  setDevice("GPU-n1-1", { state: "crash", symptom: true });
  await until("Healthy without the signal", () => connection.health() === HEALTHY);
  const us = Number(process.hrtime.bigint() / 1_000n);
  setDevice("GPU-n1-0", { state: "hang", signal: true, untilUs: us + 500_000 });
  await until("Unhealthy", () => connection.health().startsWith("GPU-n1-0=Unhealthy"));
  await until("Healthy when the lease ran out", () => connection.health() === HEALTHY);
  expect(connection.lists.length).toBe(5);
  expect(connection.lists.every(({ devices }) => devices.length === 2)).toBe(true);
});

test("Allocate gives ids and folders; an unknown device is refused", async () => {
  await kubelet.start();
  plugin.start();
  const connection = await registered(1);
  const answer = await connection.allocate({ container_requests: [{ devices_ids: ["GPU-n1-1"] }] });
  expect(answer.container_responses[0]).toMatchObject({
    envs: { NVIDIA_VISIBLE_DEVICES: "GPU-n1-1" },
    mounts: [
      {
        container_path: "/run/gpus/GPU-n1-1",
        host_path: join(folder, "gpus", "GPU-n1-1"),
        read_only: true,
      },
    ],
  });
  const unknown = connection.allocate({ container_requests: [{ devices_ids: ["GPU-n9-0"] }] });
  await expect(unknown).rejects.toThrow("no such device: GPU-n9-0");
});

test("registers again with a restarted kubelet, and when its own socket was removed", async () => {
  plugin.start();
  expect(plugin.registered).toBe(false);
  await kubelet.start();
  const first = await registered(1);
  kubelet.stop();
  // A starting kubelet empties the folder.
  rmSync(join(folder, SOCKET), { force: true });
  await kubelet.start();
  const second = await registered(2);
  expect(second.health()).toBe(HEALTHY);
  await until("the old stream to end", () => first.ended);
  rmSync(join(folder, SOCKET));
  const third = await registered(3);
  setDevice("GPU-n1-0", { state: "crash", signal: true });
  await until("Unhealthy on the new stream", () => third.health().includes("Unhealthy"));
  expect(kubelet.registrations.length).toBe(3);
});
