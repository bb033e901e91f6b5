import type { Effect } from "../../model/effect.ts";
import { machineOf } from "../guard-config.ts";
import { runArgv } from "../run-argv.ts";

type Link = Extract<Effect, { kind: "link" }>;

export async function apply({ node }: Link): Promise<void> {
  await runArgv(machineOf(node).linkDown);
}

/** A cable that is out stays out: there is nothing to make longer. */
export async function extend(): Promise<void> {}

export async function undo({ node }: Link): Promise<void> {
  await runArgv(machineOf(node).linkUp);
}
