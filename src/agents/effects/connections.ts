import type { Effect } from "../../model/effect.ts";
import type { Until } from "../effect-program.ts";
import { endInNetwork, holdInNetwork } from "../net-program.ts";
import { nodeAddresses } from "../node-addresses.ts";

type Connections = Extract<Effect, { kind: "connections" }>;

export async function apply(effect: Connections, { id }: Until): Promise<void> {
  const { pod, ports, does, everyMs, affectsProbes } = effect;
  const spared = affectsProbes ? [] : nodeAddresses();
  await holdInNetwork("connections", { pod, id, config: { ports, spared, does, everyMs } });
}

/** It has no end of its own. */
export async function extend(): Promise<void> {}

export async function undo(_effect: Connections, id: string): Promise<void> {
  await endInNetwork("connections", id);
}
