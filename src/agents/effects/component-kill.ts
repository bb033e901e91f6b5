import type { Effect } from "../../model/effect.ts";
import { componentProcess } from "../control-plane.ts";

type ComponentKill = Extract<Effect, { kind: "component-kill" }>;

/** SIGKILL to that process and no other: its supervisor starts another. */
export async function apply({ component }: ComponentKill): Promise<void> {
  process.kill(componentProcess(component), "SIGKILL");
}

/** It happens once: nothing is held. */
export async function extend(): Promise<void> {}
export async function undo(): Promise<void> {}
