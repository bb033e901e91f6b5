import { closeSync, existsSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CONTROL_COMPONENTS } from "./control-plane.ts";
import { makeCgroup } from "./host/cgroup.ts";
import { CLEAN_ENVIRONMENT } from "./host/command.ts";
import { startIn } from "./host/process.ts";
import type { Layout } from "./layout.ts";
import { MACHINE_ACTIONS, type MachineAction } from "./machine-power.ts";

const NODE_FLAGS = ["--disable-warning=ExperimentalWarning"] as const;
const SUPERVISE = 'while :; do "$@"; sleep 1; done';
/** Longer than any machine operation: a second one on the same machine waits for the first. */
const LOCK_WAIT_SEC = 30;

/** Names of the operations in the guard's configuration. */
const GUARD_NAMES: Readonly<Record<MachineAction, string>> = {
  "power-off": "powerOff",
  "power-on": "powerOn",
  reboot: "reboot",
};

/** guard.json: where it listens, who it is for the API, and an argv for every switch. Pure. */
export function guardConfig(layout: Layout, nodePath: string, machineScript: string): object {
  const { host, apiPort } = layout.network;
  const { pki, guardSocket, guardJournal } = layout.paths;
  const argvOf = (name: string, action: MachineAction): string[] => [
    "flock",
    `--timeout=${LOCK_WAIT_SEC}`,
    `${layout.state}/machines/${name}/lock`,
    nodePath,
    ...NODE_FLAGS,
    machineScript,
    `--state=${layout.state}`,
    `--node=${name}`,
    `--do=${action}`,
  ];
  const nodes = layout.machines.filter(({ role }) => role === "node");
  const control = layout.machines.find(({ role }) => role === "control");
  return {
    socketPath: guardSocket,
    journalFolder: guardJournal,
    api: {
      server: `https://${host.controlAddress}:${apiPort}`,
      caFile: join(pki, "ca.crt"),
      certFile: join(pki, "guard.crt"),
      keyFile: join(pki, "guard.key"),
    },
    machines: Object.fromEntries(
      nodes.map(({ name }) => [
        name,
        Object.fromEntries(
          MACHINE_ACTIONS.map((action) => [GUARD_NAMES[action], argvOf(name, action)]),
        ),
      ]),
    ),
    controlPlane: { cgroup: control?.cgroups[0], components: CONTROL_COMPONENTS },
  };
}

/**
 * Starts the guard, a process that outlives this one and ends with the cluster. Answers the
 * machines that it can switch, or null where this installation has no guard program.
 */
export function startGuard(
  layout: Layout,
  options: { readonly repoRoot: string },
): readonly string[] | null {
  const program = join(options.repoRoot, "src/agents/guard.ts");
  const machineScript = join(options.repoRoot, "src/clusters/local/machine.ts");
  const written = guardConfig(layout, process.execPath, machineScript);
  writeFileSync(layout.paths.guardConfig, `${JSON.stringify(written, undefined, 2)}\n`);
  if (!existsSync(program)) return null;
  const cgroups = layout.cgroups.map((folder) => join(folder, "guard"));
  makeCgroup(cgroups);
  const log = openSync(join(layout.paths.logs, "guard.log"), "a");
  const config = ["--config", layout.paths.guardConfig];
  const child = startIn({
    cgroups,
    argv: [
      "/bin/sh",
      "-c",
      SUPERVISE,
      "guard",
      process.execPath,
      ...NODE_FLAGS,
      program,
      ...config,
    ],
    env: { ...CLEAN_ENVIRONMENT, NINETY_NET_EFFECTS: join(layout.paths.bin, "net-effects") },
    stdio: ["ignore", log, log],
  });
  child.unref();
  closeSync(log);
  return layout.machines.filter(({ role }) => role === "node").map(({ name }) => name);
}
