import type { Effect } from "../../model/effect.ts";
import type { Until } from "../effect-program.ts";
import { endInNetwork, holdInNetwork } from "../net-program.ts";
import { nodeAddresses } from "../node-addresses.ts";

type NetShape = Extract<Effect, { kind: "net-shape" }>;

export async function apply(effect: NetShape, { id }: Until): Promise<void> {
  const { kind: _kind, pod, affectsProbes, bandwidth, ...shape } = effect;
  const spared = affectsProbes ? [] : nodeAddresses();
  const peers = shape.peers === "node" ? nodeAddresses() : shape.peers;
  await holdInNetwork("queue", { pod, id, config: { ...shape, peers, spared, ...bandwidth } });
}

/** It has no end of its own. */
export async function extend(): Promise<void> {}

export async function undo(_effect: NetShape, id: string): Promise<void> {
  await endInNetwork("queue", id);
}
