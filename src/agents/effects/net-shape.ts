import type { Effect } from "../../model/effect.ts";
import type { Until } from "../effect-program.ts";
import { endInNetwork, holdInNetwork } from "../net-program.ts";
import { nodeAddresses } from "../node-addresses.ts";

type NetShape = Extract<Effect, { kind: "net-shape" }>;

export async function apply(effect: NetShape, { id }: Until): Promise<void> {
  const { pod, direction, ports, peers, delayMs, jitterMs, lossRatio, affectsProbes } = effect;
  const spared = affectsProbes ? [] : nodeAddresses();
  const config = { direction, ports, peers, spared, delayMs, jitterMs, lossRatio };
  await holdInNetwork("queue", { pod, id, config });
}

/** It has no end of its own. */
export async function extend(): Promise<void> {}

export async function undo(_effect: NetShape, id: string): Promise<void> {
  await endInNetwork("queue", id);
}
