import type { Effect } from "../../model/effect.ts";
import { machineOf } from "../guard-config.ts";
import { runArgv } from "../run-argv.ts";

type Reboot = Extract<Effect, { kind: "reboot" }>;

export async function apply({ node }: Reboot): Promise<void> {
  await runArgv(machineOf(node).reboot);
}

/** It happens once: nothing is held. */
export async function extend(): Promise<void> {}

/** Between off and on somebody may have died: what is on already is left as it is. */
export async function undo({ node }: Reboot): Promise<void> {
  await runArgv(machineOf(node).powerOn);
}
