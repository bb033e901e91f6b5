import { closeSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { EXIT, NinetyError } from "../../model/error.ts";
import { limitCgroup, makeCgroup, processesIn, removeCgroup } from "./host/cgroup.ts";
import { inNamespace, run, tryRun } from "./host/command.ts";
import { unmount } from "./host/mount.ts";
import { configure, makeNamespace } from "./host/namespace.ts";
import { startIn } from "./host/process.ts";
import type { Layout, Machine } from "./layout.ts";
import { machineLines, plugLines } from "./network.ts";

/** What can be done to a machine from outside, each right in any state. */
export const MACHINE_ACTIONS = ["power-off", "power-on", "reboot"] as const;
export type MachineAction = (typeof MACHINE_ACTIONS)[number];

export async function actOn(layout: Layout, name: string, action: MachineAction): Promise<void> {
  const machine = layout.machines.find((machine) => machine.name === name);
  if (machine === undefined)
    throw new NinetyError(`machine does not exist: ${name}`, { exit: EXIT.usage });
  switch (action) {
    case "power-off":
      return powerOff(layout, machine);
    case "power-on":
      return powerOn(layout, machine);
    case "reboot":
      await powerOff(layout, machine);
      return powerOn(layout, machine);
  }
}

/**
 * A fresh boot: new network namespace, so new connection tracking and rules; no cgroup of before;
 * new boot id, empty /run and /tmp; the same disk and MAC. A machine that runs is left as it is.
 */
export async function powerOn(layout: Layout, machine: Machine): Promise<void> {
  if (processesIn(machine.cgroups).length > 0) return;
  // What is left of a dead node's pods would keep the kubelet busy for seconds.
  await removeCgroup(machine.cgroups);
  makeCgroup(machine.cgroups);
  if (machine.limits !== null) limitCgroup(machine.cgroups, machine.limits);
  if (machine.role !== "control") await wire(layout, machine);
  start(machine);
}

/** Plugs a machine in, with a namespace that is new. */
async function wire(layout: Layout, machine: Machine): Promise<void> {
  await makeNamespace(machine.namespacePath);
  const control = controlNamespace(layout);
  await removePort(control, machine.port);
  await configure(control, plugLines(machine, layout.network.bridge));
  await configure(machine.namespacePath, machineLines(machine, layout));
}

/**
 * Its link first, and only then its processes: otherwise the kernel would close every connection
 * and tell the peers, which a machine without power cannot.
 */
async function powerOff(layout: Layout, machine: Machine): Promise<void> {
  await unplug(layout, machine);
  await removeCgroup(machine.cgroups);
  await removePort(controlNamespace(layout), machine.port);
  await unmount(machine.namespacePath);
}

function start(machine: Machine): void {
  mkdirSync(machine.logFolder, { recursive: true });
  const log = openSync(join(machine.logFolder, "init.log"), "a");
  const isolate = ["--cgroup", "--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc"];
  const unshare = ["unshare", ...isolate, "--propagation", "private"];
  const child = startIn({
    cgroups: machine.cgroups,
    argv: inNamespace(machine.namespacePath, [
      ...unshare,
      "/bin/sh",
      `${machine.folder}/config/boot.sh`,
    ]),
    stdio: ["ignore", log, log],
  });
  child.unref();
  closeSync(log);
}

export const controlNamespace = (layout: Layout): string => {
  const control = layout.machines.find(({ role }) => role === "control");
  if (control === undefined) throw new Error("layout has no control plane");
  return control.namespacePath;
};

/** A machine without power has no port: then there is nothing to switch. */
async function unplug(layout: Layout, machine: Machine): Promise<void> {
  const inControl = (argv: readonly string[]): string[] =>
    inNamespace(controlNamespace(layout), argv);
  const shown = await tryRun(inControl(["ip", "link", "show", machine.port]));
  if (shown.status === 0) await run(inControl(["ip", "link", "set", machine.port, "down"]));
}

async function removePort(control: string, port: string): Promise<void> {
  const shown = await tryRun(inNamespace(control, ["ip", "link", "show", port]));
  if (shown.status === 0) await run(inNamespace(control, ["ip", "link", "del", port]));
}
