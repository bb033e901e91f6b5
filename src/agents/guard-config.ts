import { readFileSync } from "node:fs";

import type { GuardConfig } from "../model/agent-protocol.ts";

/** Names the file for the guard and for the children that carry its effects. */
export const GUARD_CONFIG_ENV = "NINETY_GUARD_CONFIG";

const MACHINE_FIELDS = ["powerOff", "powerOn", "reboot"] as const;

/** Reads the config anew, so that it needs no copy. Throws `what: rule, got value`. */
export function guardConfig(path = process.env[GUARD_CONFIG_ENV] ?? ""): GuardConfig {
  const config = JSON.parse(readFileSync(path, "utf8")) as GuardConfig;
  const problem = problemOf(config);
  if (problem !== null) throw new Error(`guard config ${path}: ${problem}`);
  return config;
}

/** The commands for a machine; throws when it is none of ours. */
export function machineOf(node: string): GuardConfig["machines"][string] {
  const { machines } = guardConfig();
  const machine = Object.hasOwn(machines, node) ? machines[node] : undefined;
  if (machine === undefined) {
    const known = Object.keys(machines).join(", ");
    throw new Error(`node must be a machine of the guard (${known}), got ${node}`);
  }
  return machine;
}

function problemOf(config: GuardConfig): string | null {
  for (const field of ["socketPath", "journalFolder"] as const) {
    if (typeof config[field] !== "string" || !config[field].startsWith("/")) {
      return `${field} must be an absolute path, got ${JSON.stringify(config[field])}`;
    }
  }
  for (const [node, machine] of Object.entries(config.machines)) {
    for (const field of MACHINE_FIELDS) {
      if (!Array.isArray(machine[field]) || machine[field].length === 0) {
        return `machines.${node}.${field} must be an argv, got ${JSON.stringify(machine[field])}`;
      }
    }
  }
  return null;
}
