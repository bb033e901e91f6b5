import type { Effect } from "../../model/effect.ts";
import { machineOf } from "../guard-config.ts";
import { runArgv } from "../run-argv.ts";

type Power = Extract<Effect, { kind: "power" }>;

export async function apply({ node }: Power): Promise<void> {
  await runArgv(machineOf(node).powerOff);
}

/** A machine that is off stays off: there is nothing to make longer. */
export async function extend(): Promise<void> {}

export async function undo({ node }: Power): Promise<void> {
  await runArgv(machineOf(node).powerOn);
}
